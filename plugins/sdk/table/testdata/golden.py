"""Writes testdata/codecs: the same rows as pyarrow writes them with every codec, in
pages of both versions.

Run in the environment of plugins/ml/peers/requirements.txt:  python golden.py
"""

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

out = Path(__file__).parent / "codecs"
out.mkdir(exist_ok=True)


def noise(i, n):
    """Bytes that nothing makes smaller."""
    return b"".join(hashlib.sha256(b"%d %d" % (i, k)).digest() for k in range(n // 32))


rows = pa.table({
    "number": pa.array(range(40), pa.int64()),
    "noise": pa.array([noise(i, 64) for i in range(40)], pa.binary()),
    "text": pa.array(["a red ring"] * 20 + ["a blue moon"] * 20),
    "some": pa.array([None if i % 3 else f"word {i}" for i in range(40)]),
    "list": pa.array([[f"{i}", "x"] for i in range(40)], pa.list_(pa.string())),
    "half": pa.array([noise(i, 32) + bytes(32) for i in range(40)], pa.binary()),  # made smaller, by less than a third
})
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    for version in ["1.0", "2.0"]:
        pq.write_table(rows, out / f"{codec}-{version[0]}.parquet", compression=codec, data_page_version=version,
                       use_dictionary=["text"], data_page_size=500, write_page_checksum=version == "2.0", row_group_size=25)
