"""Workbooks: they know files and cells, nothing of goals or services."""
