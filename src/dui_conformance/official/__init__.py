"""Official artefacts as a second judge: the ANS kit testContenuCDA, or any ISO Schematron that a user brings.

`expressions`, `schematron` and `stylesheet` compile a Schematron to XSLT 3.0 (written here from the standard), `saxon`
runs it closed in, `repair` makes a copy of the kit that can run, `kit` chooses the schemas of a document, `judge` puts
these together. Nothing here decides what a finding is: `engine.second_opinion` does.
"""
