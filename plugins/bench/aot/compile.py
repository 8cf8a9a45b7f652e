"""Compiles programs for GPUs that are not there, by XLA's own compiler.

XLA compiles for a GPU by a description of it, so any machine can say whether a
program compiles for the card, how much memory the compiler plans, and which of
NVIDIA's libraries it calls. Nothing is run and no time but the compiler's is
measured. README.md beside this file says how it is installed and called.
"""

import argparse
import collections
import importlib.metadata
import json
import os
import pathlib
import re
import sys
import sysconfig
import time

HERE = pathlib.Path(__file__).parent
GIB = 2.0**30

# cuDNN's calls in a compiled program, in the words of the table.
KINDS = {
    "__cudnn$convForward": "convolutions",
    "__cudnn$convBiasActivationForward": "convolutions with bias",
    "__cudnn$convBackwardInput": "gradients of a convolution's input",
    "__cudnn$convBackwardFilter": "gradients of a convolution's kernel",
    "__cudnn$fmhaSoftmax": "fused attentions",
    "__cudnn$fmhaSoftmaxBackward": "gradients of fused attention",
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("programs", nargs="+", metavar="PROGRAM.mlir", type=pathlib.Path, help="StableHLO, as plumb bench --programs writes it")
    cards = sorted(path.stem for path in HERE.glob("*.txtpb"))
    parser.add_argument("--card", action="append", metavar="NAME", help=f"one of {', '.join(cards)} (default: all), or a file of a description; repeatable")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write all numbers to a file")
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="write the compiled programs (HLO) to a directory")
    parsed = parser.parse_args()
    parsed.card = [name if os.path.sep in name else str(HERE / (name + ".txtpb")) for name in parsed.card or cards]
    for path in [*parsed.card, *parsed.programs]:
        if not os.path.isfile(path):
            parser.error(f"there is no file {path}")
    return parsed


def prepare():
    """Sets what XLA reads when it is loaded: it must happen before jax is imported."""
    found = sorted(pathlib.Path(sysconfig.get_path("purelib"), "nvidia").glob("cu[0-9]*/nvvm/libdevice"))
    if not found:
        sys.exit("There is no CUDA toolkit in this Python's site-packages: python3 -m venv V && V/bin/pip install 'jax[cuda13]', and call this with V/bin/python")
    cuda = found[-1].parent.parent
    os.environ["JAX_PLATFORMS"] = "cpu"  # no card is looked for
    os.environ["JAX_SKIP_CUDA_CONSTRAINTS_CHECK"] = "1"
    os.environ["PATH"] = f"{cuda / 'bin'}{os.pathsep}{os.environ['PATH']}"  # ptxas
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # Which kernel is the fastest cannot be timed. Triton's products need that choice,
    # so the libraries do all of them.
    flags = [f"--xla_gpu_cuda_data_dir={cuda}", "--xla_gpu_autotune_level=0", "--xla_gpu_enable_triton_gemm=false"]
    os.environ["XLA_FLAGS"] = " ".join([*flags, os.environ.get("XLA_FLAGS", "")])


def versions():
    named = ("jax", "jaxlib", "jax-cuda13-pjrt", "nvidia-cudnn-cu13", "nvidia-cublas", "nvidia-cuda-nvcc")
    found = {}
    for name in named:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


class Card:
    """A GPU by its description."""

    def __init__(self, path):
        from jax.experimental import topologies

        self.name = pathlib.Path(path).stem
        topology = topologies.get_topology_desc(platform="cuda", topology_name="card", topology="1x1x1", target_config=pathlib.Path(path).read_text())
        self.device = topology.devices[0]

    def compile(self, path, keep):
        """Compiles the program in a file: what came of it, by name."""
        from jax._src.interpreters import mlir
        from jax._src.lib import xla_client
        from jax._src.lib.mlir import ir

        done = {"card": self.name, "program": path.stem}
        start = time.monotonic()
        try:
            with mlir.make_ir_context(), ir.Location.unknown():
                module = ir.Module.parse(path.read_text())
                options = xla_client.CompileOptions()
                options.num_replicas = options.num_partitions = 1
                compiled = self.device.client.compile(module, xla_client.DeviceList((self.device,)), options)
        except Exception as error:  # XLA has many kinds
            return done | {"seconds": time.monotonic() - start, "error": str(error)[:2000]}
        done["seconds"] = time.monotonic() - start
        memory = compiled.get_compiled_memory_stats()
        text = compiled.hlo_modules()[0].to_string()
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{path.stem}.{self.name}.hlo").write_text(text)
        return done | {
            "arguments": memory.argument_size_in_bytes,
            "results": memory.output_size_in_bytes,
            "in_place": memory.alias_size_in_bytes,
            "temporary": memory.temp_size_in_bytes,
            "calls": dict(collections.Counter(re.findall(r'custom_call_target="([^"]+)"', text))),
            "products": dict(products(text)),
            "fusions": len(re.findall(r"\bfusion\(", text)),
        }


def products(text):
    """How many products of cuBLAS a compiled program has, by the type of their left side."""
    types = dict(re.findall(r"%([\w.-]+) = (\w+)\[", text))
    left = re.findall(r'custom-call\(%([\w.-]+), [^)]*\), custom_call_target="__cublas', text)
    return collections.Counter(types.get(name, "unknown") for name in left)


def calls_text(done):
    """Libraries' calls by kind, the most frequent first. Others are XLA's own."""
    kinds = collections.Counter({f"products in {kind}": count for kind, count in done["products"].items()})
    for target, count in done["calls"].items():
        if target.startswith("__cudnn"):
            kinds[KINDS.get(target, target)] += count
    return ", ".join(f"{count} {kind}" for kind, count in kinds.most_common() + [("fused kernels", done["fusions"])])


def row(done):
    if "error" in done:
        return f"| {done['card']} | {done['program']} | **does not compile**, {done['seconds']:.0f} s: {done['error'].splitlines()[0][:200]} |" + " |" * 6
    sizes = [done[name] / GIB for name in ("arguments", "results", "in_place", "temporary")]
    total = sizes[0] + sizes[1] - sizes[2] + sizes[3]
    return f"| {done['card']} | {done['program']} | {done['seconds']:.0f} s | " + " | ".join(f"{size:.3g}" for size in [*sizes, total]) + f" | {calls_text(done)} |"


def main():
    asked = arguments()
    prepare()
    print("Compiled by " + ", ".join(f"{name} {version}" for name, version in versions().items()) + "; memory in GiB\n")
    print("| card | program | compiled in | arguments | results | of them in place | temporary | together | calls |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    all_done = []
    for path in asked.card:
        card = Card(path)
        for program in asked.programs:
            all_done.append(card.compile(program, asked.keep))
            print(row(all_done[-1]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps({"versions": versions(), "compiled": all_done}, indent=1) + "\n")
    sys.exit(any("error" in done for done in all_done))


if __name__ == "__main__":
    main()
