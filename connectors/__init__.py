"""One module or folder per kind of source system; a connector moves records and knows no business rule."""
