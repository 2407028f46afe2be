"""Files of input points: which table of numbers a file of any dialect holds.

May import what `curves` may. `files.read_points` reads a file, `text_tables` a table of
text; `dialects` tells delimiters, decimal marks and encodings apart.
"""
