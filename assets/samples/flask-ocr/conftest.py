# so that the tests find app.py
