"""Document models: tables of sections and entries (`profiles/models/`), each row of which is a rule.

`tables` reads and keeps them, `index` gives them template by template, `paths` and `rows` judge an element,
`words` writes their sentences, `breaks` their counter-examples. `profiles/models/README.md` says how to write one.
"""
