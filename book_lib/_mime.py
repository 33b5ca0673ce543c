"""The type under which the build stores the drawing for dark pages, beside the light one."""

DARK_SVG = "application/vnd.book.dark+svg"
