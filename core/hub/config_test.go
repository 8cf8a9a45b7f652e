package hub

import (
	"os"
	"path/filepath"
	"testing"
)

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	saved := filepath.Join(home, "saved")
	for path, token := range map[string]string{".cache/huggingface/token": "of the default\n", "saved": "hf_saved\n", "h/token": "hf_h"} {
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	usual := filepath.Join(home, ".cache", "huggingface")
	for name, test := range map[string]struct {
		environment map[string]string
		want        Config
	}{
		"nothing":      {nil, Config{usual + "/hub", defaultEndpoint, "of the default", usual + "/token", false}},
		"XDG":          {map[string]string{"XDG_CACHE_HOME": "/x"}, Config{"/x/huggingface/hub", defaultEndpoint, "", "", false}},
		"home":         {map[string]string{"HF_HOME": "~/h", "XDG_CACHE_HOME": "/x"}, Config{home + "/h/hub", defaultEndpoint, "hf_h", home + "/h/token", false}},
		"cache":        {map[string]string{"HF_HOME": "~/h", "HF_HUB_CACHE": "$D/c", "D": "/d"}, Config{"/d/c", defaultEndpoint, "hf_h", home + "/h/token", false}},
		"old cache":    {map[string]string{"HUGGINGFACE_HUB_CACHE": "/old", "HF_TOKEN": "t"}, Config{"/old", defaultEndpoint, "t", "HF_TOKEN", false}},
		"endpoint":     {map[string]string{"HF_ENDPOINT": "http://mirror/", "HF_TOKEN": " t\n"}, Config{usual + "/hub", "http://mirror", "t", "HF_TOKEN", false}},
		"old token":    {map[string]string{"HUGGING_FACE_HUB_TOKEN": "t"}, Config{usual + "/hub", defaultEndpoint, "t", "HUGGING_FACE_HUB_TOKEN", false}},
		"token's path": {map[string]string{"HF_TOKEN_PATH": saved}, Config{usual + "/hub", defaultEndpoint, "hf_saved", saved, false}},
		"no token":     {map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, Config{usual + "/hub", defaultEndpoint, "", "", false}},
		"offline":      {map[string]string{"HF_HUB_OFFLINE": "yes", "HF_HOME": "/none"}, Config{"/none/hub", defaultEndpoint, "", "", true}},
	} {
		if got := Environment(func(name string) string { return test.environment[name] }); got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}
