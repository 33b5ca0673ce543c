"""The library behind *From Magnets to Language Models*: small, typed and usable outside the book.

Import the module you need (``from book_lib.ising import Ising``): the package itself imports nothing, so
that a chapter depends on what it uses and no more.
"""
