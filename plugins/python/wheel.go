package python

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

//go:embed pyproject.toml README.md src/plumb_plugin/*.py src/plumb_plugin/py.typed src/plumb_plugin/v1.desc
var sources embed.FS

// Wheel returns the package as a file that pip and uv install, and the file's name.
// The same sources give the same bytes, so that a lock of it holds: nothing in it is
// compressed or dated.
//
// Python's own tools would make the same of pyproject.toml. That they are not needed
// is what lets a plugin be begun where there is no network.
func Wheel() (name string, content []byte, err error) {
	about, err := fs.ReadFile(sources, "pyproject.toml")
	if err != nil {
		return "", nil, err
	}
	metadata, version, err := metadata(string(about))
	if err != nil {
		return "", nil, fmt.Errorf("read pyproject.toml: %w", err)
	}
	readme, err := fs.ReadFile(sources, "README.md")
	if err != nil {
		return "", nil, err
	}

	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	var record strings.Builder
	add := func(name string, content []byte) error {
		// With its sizes before it, as readers of streams want it.
		file, err := archive.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
			CompressedSize64: uint64(len(content)), UncompressedSize64: uint64(len(content)),
		})
		if err != nil {
			return err
		}
		digest := sha256.Sum256(content)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(digest[:]), len(content))
		_, err = file.Write(content)
		return err
	}
	const folder = "src/plumb_plugin"
	entries, err := fs.ReadDir(sources, folder) // sorted
	if err != nil {
		return "", nil, err
	}
	for _, entry := range entries {
		content, err := fs.ReadFile(sources, path.Join(folder, entry.Name()))
		if err == nil {
			err = add("plumb_plugin/"+entry.Name(), content)
		}
		if err != nil {
			return "", nil, err
		}
	}
	information := "plumb_plugin-" + version + ".dist-info/"
	err = errors.Join(
		add(information+"METADATA", []byte(metadata+"\n"+string(readme))),
		add(information+"WHEEL", []byte("Wheel-Version: 1.0\nGenerator: plumb\nRoot-Is-Purelib: true\nTag: py3-none-any\n")),
	)
	record.WriteString(information + "RECORD,,\n")
	list := record.String()
	if err := errors.Join(err, add(information+"RECORD", []byte(list)), archive.Close()); err != nil {
		return "", nil, err
	}
	return "plumb_plugin-" + version + "-py3-none-any.whl", out.Bytes(), nil
}

var (
	setting    = regexp.MustCompile(`(?m)^(name|version|description|requires-python) = "(.*)"$`)
	listed     = regexp.MustCompile(`(?m)^(dependencies|tables) = \[(.*)\]$`)
	dependency = regexp.MustCompile(`"([^"]+)"`)
)

// metadata makes a wheel's METADATA of a pyproject.toml that is written like ours: a
// setting a line.
func metadata(about string) (text, version string, err error) {
	settings := map[string]string{}
	for _, match := range setting.FindAllStringSubmatch(about, -1) {
		settings[match[1]] = match[2]
	}
	for _, name := range []string{"name", "version", "description", "requires-python"} {
		if settings[name] == "" {
			return "", "", fmt.Errorf("no %s in it", name)
		}
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nRequires-Python: %s\n",
		settings["name"], settings["version"], settings["description"], settings["requires-python"])
	for _, list := range listed.FindAllStringSubmatch(about, -1) {
		marker := ""
		if list[1] != "dependencies" {
			marker = fmt.Sprintf("; extra == '%s'", list[1])
			fmt.Fprintf(&out, "Provides-Extra: %s\n", list[1])
		}
		for _, name := range dependency.FindAllStringSubmatch(list[2], -1) {
			fmt.Fprintf(&out, "Requires-Dist: %s%s\n", name[1], marker)
		}
	}
	out.WriteString("Description-Content-Type: text/markdown\n")
	return out.String(), settings["version"], nil
}
