package python

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/plumb-ml/plumb/plugins/sdk"
	"github.com/plumb-ml/plumb/plugins/sdk/client"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/plugintest"
)

// BenchmarkScoreOf512 has a reward in Python that does nothing score images of 512 x 512
// pixels: as a plugin, from pixels and from PNGs in memory; and as others serve rewards,
// by pickles with JPEG files over HTTP. The JPEG files are made beforehand, which takes
// whoever trains by such a server some milliseconds an image more.
//
//	PLUMB_PYTHON=... go test ./plugins/python -run - -bench ScoreOf512
func BenchmarkScoreOf512(b *testing.B) {
	python := interpreter(b)
	const different = 64
	pixels, pngs, jpegs := make([]sdk.Image, different), make([][]byte, different), make([][]byte, different)
	for i := range pixels {
		var err error
		pixels[i] = plugintest.Picture(i)
		if pngs[i], err = imaging.EncodeStored(pixels[i]); err != nil {
			b.Fatal(err)
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, pixels[i].Picture(), &jpeg.Options{Quality: 95}); err != nil {
			b.Fatal(err)
		}
		jpegs[i] = file.Bytes()
	}
	site := installed(b, python)
	for _, source := range []struct {
		name string
		item func(i int) client.Item
	}{
		{"pixels", func(i int) client.Item { return client.Item{Pixels: pixels[i%different]} }},
		{"PNG", func(i int) client.Item { return client.Item{PNG: pngs[i%different]} }},
	} {
		b.Run("plugin/"+source.name, func(b *testing.B) {
			h := hosted(b, python, site, "tests/plugins/noop.py")
			in := open(b, h, "reward", "noop", "{}")
			items := func(yield func(client.Item, error) bool) {
				for i := range b.N {
					item := source.item(i)
					item.ID, item.Prompt.Text = fmt.Sprint(i), "a prompt"
					if !yield(item, nil) {
						return
					}
				}
			}
			before := children()
			b.ResetTimer()
			if err := in.Score(b.Context(), items, func(int, sdk.Score) error { return nil }); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric((children()-before)*1000/float64(b.N), "plugin-ms/image")
		})
	}
	b.Run("HTTP/JPEG", func(b *testing.B) {
		url, server := serveByHTTP(b, python)
		const batch, connections = 16, 2
		before := plugintest.ProcessorTime(server)
		b.ResetTimer()
		var asking errgroup.Group
		asking.SetLimit(connections)
		for start := 0; start < b.N; start += batch {
			asking.Go(func() error {
				var files [][]byte
				for i := start; i < min(start+batch, b.N); i++ {
					files = append(files, jpegs[i%different])
				}
				_, err := scoreByHTTP(url, files)
				return err
			})
		}
		if err := asking.Wait(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
		b.ReportMetric((plugintest.ProcessorTime(server)-before).Seconds()*1000/float64(b.N), "plugin-ms/image")
	})
}

// children is what all processes that this one started have computed, in seconds.
func children() float64 {
	return (plugintest.ProcessorTime(os.Getpid()) - plugintest.ProcessorTimeAlone(os.Getpid())).Seconds()
}

// serveByHTTP starts the server of tests/http/pickled_jpeg.py, which ends with the test.
func serveByHTTP(t testing.TB, python string) (url string, process int) {
	t.Helper()
	server := exec.Command(python, "tests/http/pickled_jpeg.py")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		server.Wait()
	})
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port), server.Process.Pid
}

// TestScoreByHTTP: what the benchmark compares with is asked and answers.
func TestScoreByHTTP(t *testing.T) {
	url, _ := serveByHTTP(t, interpreter(t))
	var files [][]byte
	for i := range 3 {
		var file bytes.Buffer
		grey := sdk.Image{Width: 8, Height: 8, RGB: bytes.Repeat([]byte{byte(100 * i)}, 3*8*8)}
		if err := jpeg.Encode(&file, grey.Picture(), nil); err != nil {
			t.Fatal(err)
		}
		files = append(files, file.Bytes())
	}
	scores, err := scoreByHTTP(url, files)
	if err != nil || !slices.Equal(scores, []float64{0, 100, 200}) {
		t.Errorf("%v, %v", scores, err)
	}
}

// scoreByHTTP asks the server of tests/http/pickled_jpeg.py.
func scoreByHTTP(url string, files [][]byte) ([]float64, error) {
	text := func(out []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint32(append(out, 'X'), uint32(len(s))), s...) // BINUNICODE
	}
	// Opcodes of pickle's protocol 3: a dict, a mark, keys and lists, which take what
	// lies upon their marks.
	body := text([]byte("\x80\x03}("), "images")
	body = append(body, "]("...)
	for _, file := range files {
		body = append(binary.LittleEndian.AppendUint32(append(body, 'B'), uint32(len(file))), file...) // BINBYTES
	}
	body = append(text(append(body, 'e'), "prompts"), "]("...)
	for range files {
		body = text(body, "a prompt")
	}
	body = append(body, "eu."...)
	response, err := http.Post(url, "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server says %s: %v", response.Status, err)
	}
	// Of the answer, all there is beside its numbers is known: G and 8 bytes for each.
	var scores []float64
	for rest := answer[max(0, bytes.IndexByte(answer, 'G')):]; len(rest) > 9 && rest[0] == 'G'; rest = rest[9:] {
		scores = append(scores, math.Float64frombits(binary.BigEndian.Uint64(rest[1:])))
	}
	if len(scores) != len(files) {
		return nil, fmt.Errorf("the server gives %d scores for %d images: %q", len(scores), len(files), answer)
	}
	return scores, nil
}
