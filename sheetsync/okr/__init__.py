"""Objectives and key results: pure meaning. Nothing here opens a file or a socket, and `now` is always an argument."""
