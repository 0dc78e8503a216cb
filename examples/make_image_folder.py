"""Write scikit-learn's digits as a folder of PNG files, one folder a class: the images of image_folder.yaml.

python examples/make_image_folder.py [FOLDER]        # by default build/digit_images
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

DEFAULT_FOLDER = Path("build/digit_images")


def main(folder: Path) -> None:
    """Write FOLDER/<class>/<number>.png for each of the 1,797 digits, 8x8 grey pixels."""
    digits = load_digits()
    for number, (levels, digit) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / str(digit) / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.rint(levels / 16 * 255).astype(np.uint8)).save(path)
    print(f"{len(digits.target)} images in {len(digits.target_names)} classes written to {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER)
