"""From raw text to a language model: each stage as functions, and all of them as ``python -m book_lib.pipeline``.

Nothing is imported here: take what you need from :mod:`book_lib.pipeline.data`, :mod:`book_lib.pipeline.pretrain` and
:mod:`book_lib.pipeline.run`.
"""
