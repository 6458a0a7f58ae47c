"""How much text do we get out of a folder of scans? Usage: python scripts/evaluate.py FOLDER"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import ocr


def main(folder):
    for path in sorted(Path(folder).glob("**/*")):
        if path.suffix.lower() not in (".png", ".jpg", ".tif"):
            continue
        start = time.time()
        try:
            text = ocr.read(path)
        except OSError as error:
            print(f"{path.name}: {error}")
            continue
        print(f"{path.name}: {len(text.split())} words in {time.time() - start:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1])
