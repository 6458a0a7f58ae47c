"""Wheels of one module each. uv's is a script that gives its words to pip."""

import pathlib
import zipfile

FOLDER = pathlib.Path("/srv/wheels")
PACKAGES = {
    "flask": "3.0.0", "requests": "2.31.0", "gunicorn": "21.2.0", "psycopg2": "2.9.9", "click": "8.1.7",
    "six": "1.16.0", "numpy": "1.26.4", "pytest": "8.0.0", "uv": "0.13.9",
}  # fmt: skip
UV = """\
import os, sys

def main():
    words = [word for word in sys.argv[1:] if word not in ("pip", "--compile-bytecode", "--system")]
    values = {}
    for option in ("--python", "--link-mode"):
        if option in words:
            at = words.index(option)
            values[option] = words[at + 1]
            del words[at : at + 2]
    python = values.get("--python", os.environ.get("VIRTUAL_ENV", "/usr/local"))
    os.execv(python + "/bin/python", ["python", "-m", "pip", *words])
"""
GUNICORN = """\
import sys

def main():
    print("gunicorn", *sys.argv[1:])
"""
SCRIPTS = {"uv": UV, "gunicorn": GUNICORN}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, version in PACKAGES.items():
    about = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(FOLDER / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", f'__version__ = "{version}"\n' + SCRIPTS.get(name, ""))
        wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        if name in SCRIPTS:
            wheel.writestr(f"{about}/entry_points.txt", f"[console_scripts]\n{name} = {name}:main\n")
        wheel.writestr(f"{about}/RECORD", "")
