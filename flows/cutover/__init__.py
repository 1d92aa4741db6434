"""The cutover as code: config/cutover.yaml compiled, waves moved through phases by gates, flipped, and taken back."""
