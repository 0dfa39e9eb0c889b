"""The parts of the Google Sheets workbook; only `google_sheets.py` beside this folder uses them."""
