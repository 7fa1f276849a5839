"""FHIRPath (N1, with the FHIR additions of R4 §2.9): expressions compiled to closures."""
