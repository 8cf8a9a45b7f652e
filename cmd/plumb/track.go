package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/plumb-ml/plumb/core/spec"
	"github.com/plumb-ml/plumb/core/track"
	"github.com/plumb-ml/plumb/core/track/mlflow"
)

// mostDifferences are listed of what a tracker has otherwise.
const mostDifferences = 30

// trackedRun is what plumb track found, as JSON.
type trackedRun struct {
	Run     string       `json:"run"`
	Address string       `json:"address"`
	Link    string       `json:"link"`
	Read    track.Amount `json:"read_back"`
	Wrong   []string     `json:"differences"`
	Notes   []string     `json:"notes"`
}

func (p *program) trackCommand() *cobra.Command {
	var uri, experiment string
	settings := spec.DefaultTracking()
	command := &cobra.Command{
		Use:   "track RUN",
		Short: "Send a run to MLflow, now or again, and compare what is there with it",
		Long: "Send a run to an MLflow server, whether or not it was sent as it went on, read back\n" +
			"what the server has, and say what differs. What is there already is not sent again:\n" +
			"the command can be given as often as one likes. RUN is as `plumb report` takes it.\n\n" +
			"Where to: --mlflow, or MLFLOW_TRACKING_URI, or where the run was sent last. Passwords\n" +
			"and tokens come from MLflow's own variables: MLFLOW_TRACKING_USERNAME and\n" +
			"MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.\n\n" +
			"Exit codes: 0 all is there; 1 something could not be sent, or is otherwise there.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			s, err := p.readStore()
			if err != nil {
				return err
			}
			defer s.Close()
			input, err := p.madeRun(s, args[0])
			if err != nil {
				return err
			}
			dir := p.runDir(input.Run)
			config := mlflow.Environment(os.Getenv)
			before := track.ReadState(dir)
			switch {
			case uri != "":
				config.URI = uri
			case config.URI == "":
				config.URI = before.Address
			}
			if experiment != "" {
				config.Experiment = experiment
			} else if config.Experiment == "" && before.Address == config.Address() {
				config.Experiment = before.Experiment
			}
			if config.URI == "" {
				return errors.New("no server is named: give --mlflow http://HOST:PORT, or set MLFLOW_TRACKING_URI")
			}
			tracker, state, err := openTracker(config, dir)
			if err != nil {
				return err
			}
			source := concluded(p.trackSource(s, input, filepath.Join(dir, reportDir)), input)
			comparison, err := track.Again(command.Context(), dir, tracker, state, track.Describe(source, trackOptions(settings)))
			for _, note := range tracker.Notes() {
				fmt.Fprintf(p.err, "plumb: %s\n", note)
			}
			if p.json && err == nil {
				err := p.writeJSON(trackedRun{input.Run.FullName(), tracker.Place(), tracker.Link(), comparison.Read, append([]string{}, comparison.Wrong...), append([]string{}, tracker.Notes()...)})
				if err == nil && len(comparison.Wrong) > 0 {
					err = exit{code: exitFailed}
				}
				return err
			}
			if err != nil {
				return exit{exitFailed, fmt.Errorf("%w. What was sent is kept there; the same command goes on", err)}
			}
			if p.json {
				return p.writeComparison(input.Run.FullName(), tracker.Place(), tracker.Link(), comparison)
			}
			fmt.Fprintf(p.out, "%s on %s: read back %s\n", input.Run.FullName(), tracker.Place(), amount(comparison.Read))
			for _, wrong := range comparison.Wrong[:min(len(comparison.Wrong), mostDifferences)] {
				fmt.Fprintf(p.out, "  %s\n", wrong)
			}
			if more := len(comparison.Wrong) - mostDifferences; more > 0 {
				fmt.Fprintf(p.out, "  and %s\n", plural(more, "other", "others"))
			}
			if link := tracker.Link(); link != "" {
				fmt.Fprintf(p.out, "%s\n", link)
			}
			if len(comparison.Wrong) > 0 {
				return exit{exitFailed, fmt.Errorf("%s not there as here", plural(len(comparison.Wrong), "thing is", "things are"))}
			}
			fmt.Fprintln(p.out, "All is there as it is here.")
			return nil
		},
	}
	flags := command.Flags()
	flags.BoolVar(&p.json, "json", false, "print JSON")
	flags.StringVar(&uri, "mlflow", "", "address of the MLflow server")
	flags.StringVar(&experiment, "experiment", "", "name of the experiment there (default the run's own name)")
	flags.IntVar(&settings.Images, "images", settings.Images, "how many prompts' images are sent of each model or variant")
	flags.IntVar(&settings.CheckpointMegabytes, "checkpoint-megabytes", settings.CheckpointMegabytes, "weights that are no larger are sent")
	return command
}

// writeComparison prints as JSON what a tracker has beside a run.
func (p *program) writeComparison(run, place, link string, c track.Comparison) error {
	said := struct {
		Run    string   `json:"run"`
		Server string   `json:"server"`
		Link   string   `json:"link,omitempty"`
		Runs   int      `json:"runs"` // that were read back, as all that follows
		Values int      `json:"values"`
		Points int      `json:"points"`
		Files  int      `json:"files"`
		Wrong  []string `json:"wrong"` // what is missing there or otherwise
	}{run, place, link, c.Read.Runs, c.Read.Values, c.Read.Points, c.Read.Files, append([]string{}, c.Wrong...)}
	if err := p.writeJSON(said); err != nil {
		return err
	}
	if len(c.Wrong) > 0 {
		return exit{code: exitFailed}
	}
	return nil
}
