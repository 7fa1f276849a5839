"""Pro Santé Connect, played: an OpenID Connect provider with the paths and the claims of the real one (facts G)."""
