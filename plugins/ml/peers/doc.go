// Package peers has the tests beside the real libraries: diffusers, transformers,
// PEFT, datasets, pandas, polars and DuckDB open what Plumb writes, and Plumb reads
// what they write, with the same numbers. They run where PLUMB_PEERS names the Python
// of an environment that environment.py made, as .ci/run makes one, and are skipped
// elsewhere.
//
// Nothing depends on it. The golden values of other packages' tests are made in the
// same environment, by a golden.py in their testdata.
package peers
