"""The metrics of the papers' tables.

A module that measures runs offers
- TABLE, what it measures of a run: `scores` (scores.csv), `resemblance` or `generated`, likewise;
- `measure(table, experiment, unit)`, score -> metric -> value of one run, NaN for what is undefined;
- where it has any, OWN, columns of the table that two models do not share by chance, and
  `flags(table, metric, value)`, sentences on what makes a value suspect.

`papers.find.metric_modules` names those of an experiment, and measures.py loads no other. The rest: stages
of a run compute with cis and neighbours, and sanity looks at whole runs.
"""
