# A table of contents, in the order of the flow: dataset, split, train, score, measure, table, figure, audit, report.

from snakemake.utils import min_version

min_version("9.19")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/runs.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/asked.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/ends.smk"
