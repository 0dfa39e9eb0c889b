"""The halves of `sheetsync.testing`, one a room; import that module, not these."""
