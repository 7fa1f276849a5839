"""What findings mean for referencing: requirements, applicability, roll-up, waivers, funding."""
