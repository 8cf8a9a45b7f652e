package metric

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// The fixtures hold random features and the distances that public reference
// implementations (clean-fid, torch-fidelity) and an exact float64 computation
// give for them; testdata/fid.json says which versions.

// tensors reads a safetensors file of F32, F64 and I64 matrices.
func tensors(t *testing.T, path string) map[string]*mat.Dense {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	size := binary.LittleEndian.Uint64(content)
	header, data := content[8:8+size], content[8+size:]
	var entries map[string]struct {
		Dtype   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets []int  `json:"data_offsets"`
	}
	if err := json.Unmarshal(header, &entries); err != nil {
		t.Fatal(err)
	}
	all := map[string]*mat.Dense{}
	for name, entry := range entries {
		if len(entry.Shape) != 2 {
			continue
		}
		bytes := data[entry.Offsets[0]:entry.Offsets[1]]
		values := make([]float64, entry.Shape[0]*entry.Shape[1])
		for i := range values {
			switch entry.Dtype {
			case "F32":
				values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:])))
			case "F64":
				values[i] = math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:]))
			case "I64":
				values[i] = float64(int64(binary.LittleEndian.Uint64(bytes[8*i:])))
			}
		}
		all[name] = mat.NewDense(entry.Shape[0], entry.Shape[1], values)
	}
	return all
}

type expectedPair struct {
	Width    int      `json:"dim"`
	FID      float64  `json:"fid_exact_svd"`
	CleanFID float64  `json:"fid_clean_fid_sqrtm"`
	KID      *float64 `json:"kid_clean_fid_full"`
	Subsets  struct {
		Values []float64 `json:"values"`
		Mean   float64   `json:"mean"`
	} `json:"kid_subsets"`
}

type expected struct {
	Pairs  map[string]expectedPair `json:"pairs"`
	Tiny3D struct {
		A   [][]float64 `json:"a"`
		B   [][]float64 `json:"b"`
		FID float64     `json:"fid_clean_fid_sqrtm"`
	} `json:"tiny_3d"`
}

func readExpected(t *testing.T) expected {
	t.Helper()
	content, err := os.ReadFile("testdata/fid.json")
	if err != nil {
		t.Fatal(err)
	}
	var e expected
	if err := json.Unmarshal(content, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Pairs) != 4 {
		t.Fatalf("%d pairs in the fixtures, want 4", len(e.Pairs))
	}
	return e
}

func dense(rows [][]float64) *mat.Dense {
	x := mat.NewDense(len(rows), len(rows[0]), nil)
	for i, row := range rows {
		x.SetRow(i, row)
	}
	return x
}

func near(got, want, absolute, relative float64) bool {
	return math.Abs(got-want) <= absolute+relative*math.Abs(want)
}
