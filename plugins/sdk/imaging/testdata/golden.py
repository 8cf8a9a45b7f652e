"""Writes testdata/turned: pictures whose files say how the camera was held, in the
ways that files say it, and beside each the pixels that Pillow gives: turned as
Hugging Face's datasets turns an Image, then RGB.

Run in the environment of plugins/ml/peers/requirements.txt:  python golden.py
"""

import io
import struct
import zlib
from pathlib import Path

from PIL import ExifTags, Image, ImageOps

out = Path(__file__).parent / "turned"
scene = Image.new("RGB", (7, 5))
scene.putdata([(36 * x, 60 * y, 20 * x + 9 * y) for y in range(5) for x in range(7)])


def exif(orientation, order="II", kind=3):
    """A TIFF block with one entry, of a type of whole numbers: 1, 3 or 4 (of 1 Pillow takes no notice)."""
    end = "<" if order == "II" else ">"
    value = struct.pack(end + {1: "B3x", 3: "H2x", 4: "I"}[kind], orientation)
    return order.encode() + struct.pack(end + "HIHHHI", 42, 8, 1, 0x0112, kind, 1) + value + bytes(4)


def xmp(orientation):
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()


def encoded(**how):
    buffer = io.BytesIO()
    scene.save(buffer, **how)
    return buffer.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(kind, data, behind=False):
    """A PNG with a chunk before its pixels, or behind them."""
    plain = encoded(format="PNG")
    at = len(plain) - 12 if behind else 33
    return plain[:at] + chunk(kind, data) + plain[at:]


def raw_profile(data):
    return b"\nexif\n%8d\n" % len(data) + "\n".join(data.hex()[i : i + 72] for i in range(0, 2 * len(data), 72)).encode() + b"\n"


def jpeg(data, fill=0):
    plain = encoded(format="JPEG", quality=95, subsampling=0)
    segment = b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data
    return plain[:2] + b"\xff" * fill + segment + plain[2:]


files = {
    "exif-short-little.png": png(b"eXIf", exif(6)),
    "exif-long-big.png": png(b"eXIf", exif(5, "MM", 4)),
    "exif-behind.png": png(b"eXIf", exif(8, "MM"), behind=True),
    "xmp.png": png(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6)),
    "profile.png": png(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw_profile(b"Exif\0\0" + exif(3)))),
    "profile-text.png": png(b"tEXt", b"Raw profile type exif\0" + raw_profile(b"Exif\0\0" + exif(7, "MM"))),
    "upright.png": png(b"eXIf", exif(1)),
    "lossless.webp": encoded(format="WEBP", lossless=True, exif=exif(6)),
    "lossless-big.webp": encoded(format="WEBP", lossless=True, exif=b"Exif\0\0" + exif(2, "MM", 4)),
    "lossy.webp": encoded(format="WEBP", quality=90, exif=exif(5)),
    "xmp.webp": encoded(format="WEBP", lossless=True, xmp=xmp(4)),
    "short-little.jpg": jpeg(b"Exif\0\0" + exif(6)),
    "short-big.jpg": jpeg(b"Exif\0\0" + exif(7, "MM")),
    "long-little.jpg": jpeg(b"Exif\0\0" + exif(8, "II", 4)),
    "long-big.jpg": jpeg(b"Exif\0\0" + exif(5, "MM", 4)),
    "byte.jpg": jpeg(b"Exif\0\0" + exif(3, "II", 1)),
    "fill.jpg": jpeg(b"Exif\0\0" + exif(6), fill=3),
    "xmp.jpg": jpeg(b"http://ns.adobe.com/xap/1.0/\0" + xmp(8)),
    "exif-before-xmp.jpg": jpeg(b"http://ns.adobe.com/xap/1.0/\0" + xmp(8))[:2]
    + jpeg(b"Exif\0\0" + exif(6))[2 : 2 + 4 + 6 + 26] + jpeg(b"http://ns.adobe.com/xap/1.0/\0" + xmp(8))[2:],
}
out.mkdir(exist_ok=True)
for name, content in files.items():
    picture = Image.open(io.BytesIO(content))
    if picture.getexif().get(ExifTags.Base.Orientation) is not None:  # as datasets has it
        picture = ImageOps.exif_transpose(picture)
    (out / name).write_bytes(content)
    picture.convert("RGB").save(out / (name + ".expected.png"))
    print(name, picture.size)
