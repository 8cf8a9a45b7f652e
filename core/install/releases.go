package install

import (
	"fmt"
	"slices"
	"strings"

	"github.com/plumb-ml/plumb/core/diag"
)

// Wheel is a file of the Python registry.
type Wheel struct {
	Package, Version string
	File             string // its name
	Size             int64  // bytes
	Unpacked         int64  // bytes
	SHA256           string
}

// Release is what a backend is made of on a platform: wheels that are unpacked
// into one directory, which has the layout of Python's site-packages.
type Release struct {
	Backend  string // as HCL names it
	Platform string // GOOS/GOARCH
	Version  string // of the wheel that holds the plugin
	Plugin   string // its file in the directory, with slashes
	Wheels   []Wheel
}

// releases are the ones that Plumb takes. For processors it is OpenXLA's own
// plugin. For NVIDIA's cards it is the one of JAX, with the libraries that the
// extra with-cuda of jax-cuda13-plugin asks for, in the versions of CUDA 13.0,
// which drivers from 580 on run. The plugin finds them by its RPATH,
// $ORIGIN/../../nvidia/.... nvidia-cuda-nvcc brings ptxas, nvidia-nvvm libdevice.
//
// A version goes up here, after the tests of the models have passed on it and, of
// CUDA, a card has run it.
var releases = []Release{
	{
		Backend: "xla:cpu", Platform: "linux/amd64", Version: "0.0.1",
		Plugin: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
		Wheels: []Wheel{
			{"xla-cpu-pjrt", "0.0.1", "xla_cpu_pjrt-0.0.1-py3-none-manylinux_2_27_x86_64.whl", 63_461_052, 259_391_583, "55837b6b7b47daa717f2d9a5a03563ea0ceaa338d06a81a1e2d3f060d960decc"},
		},
	},
	{
		Backend: "xla:cpu", Platform: "linux/arm64", Version: "0.0.1",
		Plugin: "xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so",
		Wheels: []Wheel{
			{"xla-cpu-pjrt", "0.0.1", "xla_cpu_pjrt-0.0.1-py3-none-manylinux_2_27_aarch64.whl", 49_514_947, 200_435_256, "8f613be6e891858f40d64f9799319502fff42689661944fc18a6ffd8210b30c9"},
		},
	},
	{
		Backend: "xla:cuda", Platform: "linux/amd64", Version: "0.11.2",
		Plugin: "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
		Wheels: []Wheel{
			{"jax-cuda13-pjrt", "0.11.2", "jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_x86_64.whl", 134_162_640, 411_488_781, "e5ff589d43064913bb74027682d89639c7ea48f9f81c2bae6fc75117e913f93e"},
			{"nvidia-cublas", "13.1.0.3", "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl", 423_133_236, 597_132_442, "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171"},
			{"nvidia-cuda-crt", "13.0.88", "nvidia_cuda_crt-13.0.88-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 134_086, 938_201, "2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4"},
			{"nvidia-cuda-cupti", "13.0.85", "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl", 10_715_597, 45_233_935, "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8"},
			{"nvidia-cuda-nvcc", "13.0.88", "nvidia_cuda_nvcc-13.0.88-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 37_384_532, 116_366_665, "56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03"},
			{"nvidia-cuda-nvrtc", "13.0.88", "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 90_215_200, 228_019_534, "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575"},
			{"nvidia-cuda-runtime", "13.0.96", "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 2_243_632, 7_251_857, "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548"},
			{"nvidia-cudnn-cu13", "9.19.0.56", "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl", 366_066_321, 493_809_061, "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf"},
			{"nvidia-cufft", "12.0.0.61", "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 214_085_489, 287_646_258, "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3"},
			{"nvidia-cusolver", "12.0.4.66", "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl", 200_941_980, 245_427_965, "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112"},
			{"nvidia-cusparse", "12.6.3.3", "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 145_942_937, 162_926_567, "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b"},
			{"nvidia-nccl-cu13", "2.28.9", "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl", 196_493_177, 218_295_413, "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42"},
			{"nvidia-nvjitlink", "13.0.88", "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 40_713_933, 98_885_715, "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b"},
			{"nvidia-nvshmem-cu13", "3.4.5", "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", 60_412_546, 80_816_650, "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80"},
			{"nvidia-nvvm", "13.0.88", "nvidia_nvvm-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl", 61_601_415, 140_064_308, "c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0"},
		},
	},
	{
		Backend: "xla:cuda", Platform: "linux/arm64", Version: "0.11.2",
		Plugin: "jax_plugins/xla_cuda13/xla_cuda_plugin.so",
		Wheels: []Wheel{
			{"jax-cuda13-pjrt", "0.11.2", "jax_cuda13_pjrt-0.11.2-py3-none-manylinux_2_27_aarch64.whl", 128_788_047, 397_310_622, "63b55e50e5c2583a25e196ba06b034b63d2b2d8ad4c2f17935652c8d3ad2dd2d"},
			{"nvidia-cublas", "13.1.0.3", "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_aarch64.whl", 542_851_226, 693_197_995, "c86fc7f7ae36d7528288c5d88098edcb7b02c633d262e7ddbb86b0ad91be5df2"},
			{"nvidia-cuda-crt", "13.0.88", "nvidia_cuda_crt-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 134_086, 938_203, "ee2ea2a97073e02ee62bb27841f437332be2c248e3eac013df07997ada39c003"},
			{"nvidia-cuda-cupti", "13.0.85", "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_aarch64.whl", 10_310_827, 44_233_493, "796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151"},
			{"nvidia-cuda-nvcc", "13.0.88", "nvidia_cuda_nvcc-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 32_455_430, 97_158_187, "c7ff28f86a24effdc6c034fa15230c549a273e4771b10a7fec14996f8cf3307f"},
			{"nvidia-cuda-nvrtc", "13.0.88", "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 43_015_449, 103_993_142, "d27f20a0ca67a4bb34268a5e951033496c5b74870b868bacd046b1b8e0c3267b"},
			{"nvidia-cuda-runtime", "13.0.96", "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 2_261_060, 7_254_225, "ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55"},
			{"nvidia-cudnn-cu13", "9.19.0.56", "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_aarch64.whl", 433_781_201, 534_035_614, "6ed29ffaee1176c612daf442e4dd6cfeb6a0caa43ddcbeb59da94953030b1be4"},
			{"nvidia-cufft", "12.0.0.61", "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 214_053_554, 284_311_260, "2708c852ef8cd89d1d2068bdbece0aa188813a0c934db3779b9b1faa8442e5f5"},
			{"nvidia-cusolver", "12.0.4.66", "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_aarch64.whl", 223_467_760, 268_460_806, "02c2457eaa9e39de20f880f4bd8820e6a1cfb9f9a34f820eb12a155aa5bc92d2"},
			{"nvidia-cusparse", "12.6.3.3", "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 162_155_568, 175_203_961, "80bcc4662f23f1054ee334a15c72b8940402975e0eab63178fc7e670aa59472c"},
			{"nvidia-nccl-cu13", "2.28.9", "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_aarch64.whl", 196_561_677, 219_655_222, "01c873ba1626b54caa12272ed228dc5b2781545e0ae8ba3f432a8ef1c6d78643"},
			{"nvidia-nvjitlink", "13.0.88", "nvidia_nvjitlink-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 38_768_748, 89_337_925, "e931536ccc7d467a98ba1d8b89ff7fa7f1fa3b13f2b0069118cd7f47bff07d0c"},
			{"nvidia-nvshmem-cu13", "3.4.5", "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 60_215_947, 80_649_530, "6dc2a197f38e5d0376ad52cd1a2a3617d3cdc150fd5966f4aee9bcebb1d68fe9"},
			{"nvidia-nvvm", "13.0.88", "nvidia_nvvm-13.0.88-py3-none-manylinux2014_aarch64.manylinux_2_17_aarch64.whl", 59_234_185, 127_130_382, "c4376a291d72d22a315d9d2f69bdae8f8cd83a627f75bad395cee49a0fe65dc1"},
		},
	},
}

// Backends are the names of those that can be installed somewhere.
func Backends() []string {
	var names []string
	for _, r := range releases {
		if !slices.Contains(names, r.Backend) {
			names = append(names, r.Backend)
		}
	}
	return names
}

// Find returns the release of a backend for a platform (GOOS/GOARCH).
func Find(backend, platform string) (Release, error) {
	var platforms []string
	for _, r := range releases {
		if r.Backend != backend {
			continue
		}
		if r.Platform == platform {
			return r, nil
		}
		platforms = append(platforms, r.Platform)
	}
	switch {
	case backend == "go":
		return Release{}, diag.Errorf(diag.Range{}, "The go backend is part of plumb", "There is nothing to install; %s can be installed.", strings.Join(Backends(), " and "))
	case len(platforms) == 0:
		return Release{}, diag.Errorf(diag.Range{}, "Unknown backend", "There is no backend %q to install.%s It is one of %s.", backend, didYouMean(backend), strings.Join(Backends(), ", "))
	}
	return Release{}, diag.Errorf(diag.Range{}, "There is nothing to install for this machine",
		"%s can be installed on %s, and this is %s. The go backend is always there and needs nothing. A PJRT plugin that you have from elsewhere is named by --pjrt FILE.",
		backend, strings.Join(platforms, " and "), platform)
}

func didYouMean(backend string) string {
	if whole := "xla:" + backend; slices.Contains(Backends(), whole) {
		return fmt.Sprintf(" Did you mean %q?", whole)
	}
	return diag.DidYouMean(backend, Backends())
}

// Size is how many bytes the wheels have, and how many what is in them.
func (r Release) Size() (wheels, unpacked int64) {
	for _, w := range r.Wheels {
		wheels += w.Size
		unpacked += w.Unpacked
	}
	return wheels, unpacked
}

// PipDownload is the command that fetches the wheels on a machine with a network.
func (r Release) PipDownload() string {
	var platforms, packages []string
	for _, w := range r.Wheels {
		// NAME-VERSION-py3-none-PLATFORM[.PLATFORM].whl
		parts := strings.Split(strings.TrimSuffix(w.File, ".whl"), "-")
		platform, _, _ := strings.Cut(parts[len(parts)-1], ".")
		if option := "--platform " + platform; !slices.Contains(platforms, option) {
			platforms = append(platforms, option)
		}
		packages = append(packages, w.Package+"=="+w.Version)
	}
	return "pip download --no-deps -d wheels " + strings.Join(platforms, " ") + " " + strings.Join(packages, " ")
}
