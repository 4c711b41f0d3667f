"""Plans: drawn, assessed, stored, compared; and the demo town to try them on."""
