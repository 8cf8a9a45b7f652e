package hub

import (
	"os"
	"path/filepath"
	"strings"
)

// Config is what huggingface_hub's variables of the environment say.
type Config struct {
	Cache    string // HF_HUB_CACHE, or HF_HOME/hub, or ~/.cache/huggingface/hub
	Endpoint string // HF_ENDPOINT, or the hub's address
	Token    string // HF_TOKEN, or the file that `hf auth login` wrote; empty: none
	TokenOf  string // where the token is from, for messages
	Offline  bool   // HF_HUB_OFFLINE: no connection may be opened
}

const defaultEndpoint = "https://huggingface.co"

// Environment reads the variables by getenv.
func Environment(getenv func(string) string) Config {
	first := func(names ...string) (value, name string) {
		for _, name := range names {
			if value := getenv(name); value != "" {
				return value, name
			}
		}
		return "", ""
	}
	userHome, _ := os.UserHomeDir()
	expand := func(path string) string {
		if path == "~" || strings.HasPrefix(path, "~/") {
			path = filepath.Join(userHome, path[1:])
		}
		return os.Expand(path, getenv)
	}
	yes := func(name string) bool {
		switch strings.ToUpper(getenv(name)) {
		case "1", "ON", "YES", "TRUE":
			return true
		}
		return false
	}

	home, _ := first("HF_HOME")
	if home == "" {
		cache, _ := first("XDG_CACHE_HOME")
		if cache == "" {
			cache = filepath.Join(userHome, ".cache")
		}
		home = filepath.Join(cache, "huggingface")
	}
	home = expand(home)
	c := Config{Cache: filepath.Join(home, "hub"), Endpoint: defaultEndpoint, Offline: yes("HF_HUB_OFFLINE") || yes("TRANSFORMERS_OFFLINE")}
	if cache, _ := first("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"); cache != "" {
		c.Cache = expand(cache)
	}
	if endpoint, _ := first("HF_ENDPOINT"); endpoint != "" {
		c.Endpoint = strings.TrimRight(endpoint, "/")
	}
	token, name := first("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
	c.Token, c.TokenOf = strings.TrimSpace(token), name
	if c.Token == "" && !yes("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
		path, _ := first("HF_TOKEN_PATH")
		if path == "" {
			path = filepath.Join(home, "token")
		}
		path = expand(path)
		if text, err := os.ReadFile(path); err == nil && len(text) < 4096 {
			c.Token, c.TokenOf = strings.TrimSpace(string(text)), path
		}
	}
	return c
}
