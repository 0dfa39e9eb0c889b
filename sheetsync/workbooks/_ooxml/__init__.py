"""Changes the named cells inside an .xlsx or .xlsm file; every other byte stays. The door is `package.Package`."""
