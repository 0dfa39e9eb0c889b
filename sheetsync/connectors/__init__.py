"""Connectors: one flat file a service, each knows its service and nothing of cells, goals or other services."""
