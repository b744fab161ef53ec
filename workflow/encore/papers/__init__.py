"""The papers as data: what was claimed, how it is run, and where its results lie. Imports no torch.

- model: what a paper, an experiment and a setting are; readings.
- settings: what the value of a setting may be.
- kinds: metrics, figures and claims, each kind described once.
- schema: the one checker of data against a schema, a sentence a fault.
- read: YAML and CSV become papers.
- check: what is wrong with them, said before any job starts.
- find: experiments, tables, figures and targets by name.
- config: the configuration, and which runs it asks for.
- layout: every stage of the flow once, with its files.
- present: what the present code and settings would make.
"""
