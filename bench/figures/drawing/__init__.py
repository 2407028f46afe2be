"""What all figures share: style, colours, labels that fit, formulas, image files."""
