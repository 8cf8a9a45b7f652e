// Package mlflow sends runs to an MLflow tracking server by its REST interface, 2.0, as
// servers from 2.11 on speak it.
//
// An answer of 200 is no proof that something is stored: servers read a batch field by
// field, stop at the first bad one and say that all is well. So bodies are built of
// typed values that cannot be bad, everything may be sent twice, and Compare reads back.
//
// The package knows no environment: a Config is given. It refuses what it cannot do
// well: stores of artifacts that the server does not pass on are left alone, and nothing
// that was deleted on the server is brought back.
package mlflow
