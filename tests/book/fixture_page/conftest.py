"""The fixture book holds tests to show, not to run."""

collect_ignore_glob = ["claims/*"]
