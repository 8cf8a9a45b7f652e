"""What a plugin's answers depend on."""

import json
import pathlib
import platform
import tempfile
import unittest

from plumb_plugin import _environment


class Environment(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.site = pathlib.Path(folder.name) / "site"
        self.site.mkdir()

    def install(self, name, record="x.py,sha256=abc,3\n", site=None, **origin):
        information = (site or self.site) / name
        information.mkdir(parents=True, exist_ok=True)
        (information / "RECORD").write_text(record)
        if origin:
            (information / "direct_url.json").write_text(json.dumps(origin))

    def read(self, *more):
        return _environment.read([str(self.site), *map(str, more)])

    def test_versions(self):
        self.install("Pillow-13.0.0.dist-info")
        self.install("ruamel.yaml_clib-0.2.dist-info")
        self.install("pip-24.0.dist-info")
        self.install("old_style-1.2-py3.11.egg-info")
        (self.site / "PIL").mkdir()
        self.assertEqual(self.read("/not/there"), {"old-style": "1.2", "pillow": "13.0.0", "python": platform.python_version(), "ruamel-yaml-clib": "0.2"})

    def test_the_first_on_the_path_counts(self):
        other = self.site.parent / "other"
        self.install("torch-2.15.0+cpu.dist-info")
        self.install("torch-1.0.dist-info", site=other)
        self.assertEqual(self.read(other)["torch"], "2.15.0+cpu")

    def test_a_package_from_a_file_is_told_apart_by_its_content(self):
        self.install("mine-1.0.dist-info", url="file:///tmp/mine.whl", archive_info={})
        before = self.read()["mine"]
        self.assertRegex(before, r"^1\.0\+[0-9a-f]{12}$")
        self.install("mine-1.0.dist-info", url="file:///elsewhere/mine.whl", archive_info={})
        self.assertEqual(self.read()["mine"], before)
        self.install("mine-1.0.dist-info", record="x.py,sha256=other,3\n", url="file:///tmp/mine.whl", archive_info={})
        self.assertNotEqual(self.read()["mine"], before)

    def test_an_editable_package_is_told_apart_by_its_files(self):
        source = self.site.parent / "source"
        (source / "mine").mkdir(parents=True)
        (source / "mine" / "__init__.py").write_text("x = 1\n")
        self.install("mine-1.0.dist-info", url=source.as_uri(), dir_info={"editable": True})
        before = self.read()["mine"]
        (source / "mine" / "__pycache__").mkdir()
        (source / "mine" / "__pycache__" / "x.py").write_text("")
        self.assertEqual(self.read()["mine"], before)
        (source / "mine" / "__init__.py").write_text("x = 2\n")
        self.assertNotEqual(self.read()["mine"], before)


if __name__ == "__main__":
    unittest.main()
