package backends

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const cpuinfo = `processor	: 0
vendor_id	: AuthenticAMD
cpu family	: 25
model		: 17
model name	: AMD EPYC
stepping	: 1
microcode	: 0xa101148
cpu MHz		: 2599.998
flags		: fpu vme smep sse2 avx2 fma avx512f constant_tsc
bogomips	: 5199.99

processor	: 1
vendor_id	: Other
`

// TestProcessor: what code is made for counts, and what changes from day to day, or
// from kernel to kernel, does not.
func TestProcessor(t *testing.T) {
	const want = "AuthenticAMD, 25, 17, AMD EPYC, avx2 avx512f fma sse2"
	for name, text := range map[string]string{
		"as it is":        cpuinfo,
		"another clock":   strings.Replace(cpuinfo, "2599.998", "1400.000", 1),
		"microcode":       strings.Replace(cpuinfo, "0xa101148", "0xb", 1),
		"another kernel":  strings.Replace(cpuinfo, "constant_tsc", "constant_tsc ibrs flush_l1d", 1),
		"in other orders": strings.Replace(cpuinfo, "sse2 avx2 fma avx512f", "fma avx512f sse2 avx2", 1),
	} {
		if got := processorOf(text); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, text := range map[string]string{
		"without AVX-512": strings.Replace(cpuinfo, " avx512f", "", 1),
		"another model":   strings.Replace(cpuinfo, ": 17", ": 1", 1),
	} {
		if got := processorOf(text); got == want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := processorOf("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\nFeatures\t: fp asimd evtstrm sve\n"); got != "0x41, 0xd0c, asimd fp sve" {
		t.Errorf("an Arm processor is %q", got)
	}
	if got := processorOf("nothing that is known"); got == "" {
		t.Error("an unknown description gives nothing")
	}
}

// TestCompiler: another library, another processor's or NVIDIA's code, and flags
// that change numbers are other compilers; where something is written is not.
func TestCompiler(t *testing.T) {
	library := Library{Path: "/lib/cpu.so", Digest: "aa"}
	base := compiler(XLACPU, library, "0.81", "")
	for _, flags := range []string{"--xla_dump_to=/tmp/x", "--xla_gpu_cuda_data_dir=/usr/local/cuda --xla_dump_hlo_as_text", "--" + cacheFlag + "=/c"} {
		if got := compiler(XLACPU, library, "0.81", flags); got != base {
			t.Errorf("%s makes it %q", flags, got)
		}
	}
	nvidia := t.TempDir()
	if err := os.WriteFile(filepath.Join(nvidia, "libcudnn.so.9"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{base: true}
	t.Setenv("LD_LIBRARY_PATH", nvidia)
	for name, got := range map[string]string{
		"a flag":          compiler(XLACPU, library, "0.81", "--xla_cpu_enable_fast_math=true"),
		"another version": compiler(XLACPU, library, "0.82", ""),
		"another library": compiler(XLACPU, Library{Path: "/lib/cpu.so", Digest: "bb"}, "0.81", ""),
		"on a GPU":        compiler(XLACUDA, library, "0.81", ""),
	} {
		if seen[got] {
			t.Errorf("%s: %q is that of another", name, got)
		}
		seen[got] = true
	}
}
