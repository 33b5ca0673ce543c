# The commands of README.md. All the work is in tasks.py; without make, `python -m tasks book` does the same.
PYTHON ?= python3

.PHONY: help book test serve lab bench proof node clean
help book test serve lab bench proof node clean:
	@$(PYTHON) -m tasks $@ $(ARGS)
.DEFAULT_GOAL := help
