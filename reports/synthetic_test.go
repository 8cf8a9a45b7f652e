package reports

import (
	"fmt"
	"hash/fnv"
	"image/color"
	"maps"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/plumb-ml/plumb/core/dataset"
	"github.com/plumb-ml/plumb/core/diag"
	"github.com/plumb-ml/plumb/core/metric"
	"github.com/plumb-ml/plumb/core/record"
	"github.com/plumb-ml/plumb/plugins/sdk/imaging"
	"github.com/plumb-ml/plumb/plugins/sdk/table"
)

// The records in this file are synthetic: made up to exercise the tables.
// Nothing in them was measured.

// synthetic collects made-up records and the files they name.
type synthetic struct {
	dir     string
	run     *record.Run
	records map[string]*record.Record
}

func (s *synthetic) input() Input {
	return Input{Run: s.run, Records: s.records, Open: func(o record.Output) (string, error) {
		return filepath.Join(s.dir, o.Digest), nil
	}}
}

// stage adds a record to a variant.
func (s *synthetic) stage(v *record.Variant, r record.Record) {
	r.Key = fmt.Sprintf("%x", sum(r.Node+v.Name))
	s.records[r.Key] = &r
	v.Stages = append(v.Stages, record.StageRef{Node: r.Node, Key: r.Key, Status: record.Done, Stage: r.Stage})
}

// about is what a stage of the evaluation main is about.
func about(kind record.Kind, model string) record.Stage {
	return record.Stage{Kind: kind, Evaluation: "main", Subject: model}
}

func measuring(measure, model string) record.Stage {
	return record.Stage{Kind: record.KindMeasure, Evaluation: "main", Measure: measure, Subject: model, Baseline: "base"}
}

func sum(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// wobble is a small number in [-1, 1) that depends on the text alone.
func wobble(text string) float64 { return float64(sum(text)%2000)/1000 - 1 }

func rounded(x float64) *float64 {
	x = math.Round(x*1e4) / 1e4
	return &x
}

// around is a metric with a symmetric made-up interval.
func around(m record.Metric, value, half float64) record.Metric {
	m.Value, m.Low, m.High = rounded(value), rounded(value-half), rounded(value+half)
	return m
}

var syntheticParts = []part{
	{}, {split: "seen"}, {split: "unseen"},
	{category: "color"}, {category: "color", split: "seen"}, {category: "color", split: "unseen"},
	{category: "count"}, {category: "count", split: "seen"}, {category: "count", split: "unseen"},
}

// model is the made-up quality of a model.
type syntheticModel struct {
	name              string
	good, reward, fid float64
}

var syntheticModels = []syntheticModel{
	{"base", 0.43, 0.41, 3.2}, {"labelled", 0.52, 0.66, 7.9}, {"full", 0.61, 0.74, 4.1},
}

// alignmentMetrics makes up what the raters said of a model.
func alignmentMetrics(m syntheticModel, salt string) []record.Metric {
	protocol := map[string]string{
		"rater": "crowd", "raters": "9", "baseline": "base", "seed": "1",
		"interval": "95 %, percentile bootstrap over prompts, 2000 resamples",
		"majority": "majority of the raters' good and bad",
	}
	var all []record.Metric
	for _, p := range syntheticParts {
		n, clusters := 480, 120
		if p.split != "" {
			n, clusters = n/2, clusters/2
		}
		if p.category != "" {
			n, clusters = n/2, clusters/2
		}
		base := record.Metric{Subject: m.name, Rater: "crowd", Category: p.category, Split: p.split, N: n, Clusters: clusters, Protocol: protocol}
		shift := 0.04 * wobble(m.name+p.category+p.split+salt)
		if p.split == "unseen" {
			shift -= 0.05
		}
		good := base
		good.Name, good.Unit, good.Better = "good_share", "share", "higher"
		all = append(all, around(good, m.good+shift, 0.8/math.Sqrt(float64(clusters))))
		if m.name == "base" {
			continue
		}
		base.Versus, base.N = "base", clusters
		net := 100 * (m.good - 0.43 + shift/2)
		for _, share := range []struct {
			name   string
			better record.Direction
			value  float64
		}{{"win_share", "higher", 0.15 + net/100}, {"tie_share", "", 0.7 - net/100}, {"lose_share", "lower", 0.15}} {
			s := base
			s.Name, s.Unit, s.Better = share.name, "share", share.better
			all = append(all, around(s, share.value, 0.6/math.Sqrt(float64(clusters))))
		}
		points := base
		points.Name, points.Unit, points.Better = "win_minus_lose", "points", "higher"
		points = around(points, net, 75/math.Sqrt(float64(clusters)))
		p := base
		p.Name, p.Value = "win_minus_lose_p", rounded(math.Exp(-net/3))
		p.Protocol = map[string]string{"test": "sign flips over prompts"}
		detectable := base
		detectable.Name, detectable.Unit, detectable.Value = "win_minus_lose_detectable", "points", rounded(120/math.Sqrt(float64(clusters)))
		goodDifference := points
		goodDifference.Name = "good_share_difference"
		if m.name == "labelled" { // people do not confirm what the reward says of it
			goodDifference = around(goodDifference, net/4, 75/math.Sqrt(float64(clusters)))
		}
		all = append(all, points, p, detectable, goodDifference)
	}
	alpha := record.Metric{Name: "agreement_alpha", Subject: m.name, Rater: "crowd", N: 480, Clusters: 120}
	return append(all, around(alpha, m.good+0.2, 0.05))
}

func rewardMetrics(m syntheticModel, salt string) []record.Metric {
	var all []record.Metric
	for _, reward := range []struct {
		name        string
		value, half float64
	}{{"clip", 0.21 + m.good/20, 0.004}, {"with_aux", m.reward, 0.021}} {
		base := record.Metric{Name: "average_reward", Subject: m.name, Reward: reward.name, N: 480, Clusters: 120, Better: "higher"}
		all = append(all, around(base, reward.value+reward.half/3*wobble(m.name+reward.name+salt), reward.half))
	}
	for _, part := range []struct {
		name        string
		value, half float64
	}{{"sharpness", 12 + 10*m.good, 1.4}, {"text", 0.02 * m.good, 0.0011}} {
		base := record.Metric{Name: "average_part", Subject: m.name, Reward: "with_aux", Part: part.name, N: 480, Clusters: 120,
			Protocol: map[string]string{"interval": "95 %, t, by the spread of prompts within category and split"}}
		value := part.value + part.half/3*wobble(m.name+part.name+salt)
		all = append(all, around(base, value, part.half))
		if m.name != "base" {
			base.Name, base.Versus = "average_part_difference", "base"
			all = append(all, around(base, value-part.value/m.good*0.43, part.half/2))
		}
	}
	return all
}

func fidelityMetrics(m syntheticModel, salt string) []record.Metric {
	base := record.Metric{Subject: m.name, Versus: "world", VersusChoice: record.Reference, Encoder: "clip", N: 480, Clusters: 120, Better: "lower",
		Protocol: map[string]string{
			"images": "480", "reference images": "960", "encoder": "clip", "reference": "world", "prompts": "the reference is of the same prompts",
			"component": "shapes_clip, weights sha256 0123456789ab", "also read by": "clip, with_aux",
		}}
	if m.name == "world" {
		base.Choice = record.OtherDraws
	}
	value := m.fid + 0.2*wobble("fid"+m.name+salt)
	var all []record.Metric
	for _, d := range []struct {
		name            string
		scale, interval float64
		method          string
	}{
		{"fid", 1, 1.2, "t, jackknife over 20 groups of prompts"},
		{"kid", 1.0 / 400, 0.0031, "t, over pairs of prompts (U statistic)"},
		{"cmmd", 1.0 / 8, 0.17, "t, over pairs of prompts (U statistic)"},
	} {
		of := base
		of.Name = d.name
		if d.name == "kid" {
			of = around(of, d.scale*value, d.interval)
			of.Protocol = maps.Clone(of.Protocol)
			of.Protocol["interval"] = "95 %, score, over pairs of prompts (U statistic)"
		} else {
			size := d.scale * value
			of.Value, of.Note = &size, "no interval: biased by the number of images"
		}
		all = append(all, of)
		if m.name == "base" {
			continue
		}
		difference, p := base, base
		difference.Name, p.Name = d.name+"_difference", d.name+"_difference_p"
		difference.Versus, difference.VersusChoice, p.Versus, p.VersusChoice = "base", record.All, "base", record.All
		difference = around(difference, d.scale*(value-syntheticModels[0].fid), d.interval)
		difference.Protocol = maps.Clone(base.Protocol)
		difference.Protocol["interval"] = "95 %, " + d.method
		tested := min(1, 0.05*d.interval/math.Abs(d.scale*(value-syntheticModels[0].fid)))
		p.Unit, p.Better, p.Value = record.P, record.Neither, &tested
		p.Protocol = map[string]string{"test": d.method}
		all = append(all, difference, p)
	}
	return all
}

func diversityMetrics(m syntheticModel, salt string) []record.Metric {
	base := record.Metric{Subject: m.name, Encoder: "clip", N: 480, Clusters: 120, Better: "higher",
		Protocol: map[string]string{
			"encoder": "clip", "component": "shapes_clip, weights sha256 0123456789ab", metric.ImagesAPrompt: "4", "similarity": "cosine of features, within a prompt",
			"interval": "95 %, t, by the spread of prompts within category and split",
		}}
	if m.name == "world" {
		base.Choice = record.OtherDraws
	}
	value := 0.5 - 0.4*(m.good-0.43) + 0.01*wobble("diversity"+m.name+salt)
	var all []record.Metric
	for _, d := range []struct {
		name               string
		least, scale, half float64
	}{{"pairwise_distance", 0, 1, 0.021}, {"vendi_score", 1, 3, 0.07}} {
		of := base
		of.Name = d.name
		all = append(all, around(of, d.least+d.scale*value, d.half))
		if m.name == "base" || m.name == "world" {
			continue
		}
		difference, p := base, base
		difference.Name, p.Name = d.name+"_difference", d.name+"_difference_p"
		difference.Versus, p.Versus = "base", "base"
		difference = around(difference, d.scale*(value-0.5), d.half/2)
		p.Unit, p.Better, p.Value = record.P, record.Neither, rounded(math.Exp(-200*math.Abs(value-0.5)))
		p.Protocol = map[string]string{"test": "two-sided sign-flip test over prompts, 99,999 random flips"}
		all = append(all, difference, p)
	}
	return all
}

// realDiversity is the diversity of real images that stand for a model's.
func realDiversity(salt string) record.Record {
	stage := measuring("diversity", "world")
	stage.Choice = record.OtherDraws
	return record.Record{Node: "measure/main/diversity/real", Stage: stage, Metrics: diversityMetrics(syntheticModel{name: "world", good: 0.35}, salt)}
}

// realImages is the measure of real images that stand for a model's.
func realImages(salt string) record.Record {
	stage := measuring("fidelity", "world")
	stage.Choice = record.OtherDraws
	return record.Record{Node: "measure/main/fidelity/real", Stage: stage, Metrics: fidelityMetrics(syntheticModel{name: "world", fid: 1.1}, salt)}
}

func accuracyMetrics(auxiliary float64, salt string) []record.Metric {
	var all []record.Metric
	for _, reward := range []struct {
		name      string
		level     float64
		threshold string
		fitted    bool
	}{{"clip", 0.61, "0.2314, the best on the seen split", true}, {"with_aux", 0.74 + auxiliary/20, "0.5", false}} {
		salt := salt
		if reward.name == "clip" {
			salt = "" // the variable does not touch it
		}
		for _, p := range syntheticParts[:3] {
			level := reward.level + 0.01*wobble(reward.name+p.split+salt)
			if p.split == "unseen" {
				level -= 0.06
			}
			base := record.Metric{Subject: reward.name, Rater: "crowd", Split: p.split, N: 400, Clusters: 110, Unit: "share", Better: "higher",
				Protocol: map[string]string{"threshold": reward.threshold, metric.ImagesOf: "base"}}
			if reward.fitted {
				base.Protocol[metric.ThresholdFittedOn] = "the seen split"
			}
			for i, name := range []string{"reward_accuracy", "pairwise_accuracy", "auc"} {
				m := base
				m.Name = name
				all = append(all, around(m, level+float64(i)*0.02, 0.041))
			}
			majority := base
			majority.Name, majority.Value = "majority_accuracy", rounded(0.57)
			all = append(all, majority)
		}
	}
	return append(all, rewardDifferences(auxiliary, salt)...)
}

// rewardDifferences makes up how the second reward compares with the first.
func rewardDifferences(auxiliary float64, salt string) []record.Metric {
	var all []record.Metric
	for _, p := range []part{{}, {split: "seen"}, {split: "unseen"}, {category: "color"}, {category: "count"}} {
		base := record.Metric{Subject: "with_aux", Versus: "clip", Rater: "crowd", Category: p.category, Split: p.split, N: 400, Clusters: 110,
			Protocol: map[string]string{"interval": "95 %, t by stratum"}}
		for i, name := range []string{"pairwise_accuracy", "auc", "reward_accuracy"} {
			value := []float64{2, 13, 15}[i] + auxiliary + wobble(name+p.split+p.category+salt)
			difference := base
			difference.Name, difference.Unit, difference.Better = name+"_difference", "points", "higher"
			test := base
			test.Name, test.Unit, test.Value = name+"_difference_p", "p", rounded(math.Exp(-value))
			test.Protocol = map[string]string{"test": []string{"sign flips over prompts", "t of its interval", "sign flips over prompts"}[i]}
			all = append(all, around(difference, value, 6), test)
		}
	}
	return all
}

func bestOfMetrics() []record.Metric {
	const learned, clip, random = "best 4 of 16 of base by with_aux", "best 4 of 16 of base by clip", "random 4 of 16 of base"
	base := record.Metric{Rater: "crowd", N: 120, Clusters: 120, Protocol: map[string]string{metric.Draw: "4 of 16 of base"}}
	var all []record.Metric
	for _, images := range []struct {
		name, reward string
		choice       record.Choice
		good         float64
	}{{learned, "with_aux", record.Best, 0.55}, {clip, "clip", record.Best, 0.54}, {random, "", record.Random, 0.42}, {"full", "", record.All, 0.61}} {
		m := base
		m.Name, m.Subject, m.Reward, m.Choice, m.Unit, m.Better = "best_of_good_share", images.name, images.reward, images.choice, "share", "higher"
		all = append(all, around(m, images.good, 0.048))
	}
	for _, compared := range []struct {
		subject, reward, versus string
		choice                  record.Choice
		points, p               float64
	}{
		{learned, "with_aux", random, record.Random, 13, 0.0002}, {learned, "with_aux", clip, record.Best, 1, 0.8},
		{learned, "with_aux", "full", record.All, -6, 0.06}, {clip, "clip", random, record.Random, 12, 0.0004},
	} {
		m := base
		m.Subject, m.Reward, m.Choice, m.Versus, m.VersusChoice = compared.subject, compared.reward, record.Best, compared.versus, compared.choice
		for i, name := range []string{"win_share", "tie_share", "lose_share"} {
			share := m
			share.Name, share.Unit = "best_of_"+name, "share"
			all = append(all, around(share, []float64{0.3, 0.55, 0.15}[i], 0.08))
		}
		points := m
		points.Name, points.Unit, points.Better = "best_of_good_share_difference", "points", "higher"
		test := m
		test.Name, test.Unit, test.Value, test.Protocol = "best_of_good_share_difference_p", "p", rounded(compared.p), map[string]string{"test": "sign flips over prompts", metric.Draw: "4 of 16 of base"}
		all = append(all, around(points, compared.points, 6.3), test)
	}
	return all
}

// output writes rows and returns them as an output.
func output[T any](t *testing.T, s *synthetic, name string, rows []T) record.Output {
	t.Helper()
	if err := table.WriteAll(filepath.Join(s.dir, name), rows); err != nil {
		t.Fatal(err)
	}
	return record.Output{Digest: name, Rows: len(rows)}
}

// pictures draws a table of made-up images: a disc in the model's colour.
func pictures(t *testing.T, s *synthetic, model int) record.Output {
	t.Helper()
	const size = 32
	var rows []table.Image
	for _, category := range []string{"color", "count"} {
		for i, object := range []string{"circle", "diamond", "ring", "square", "star"} {
			split := "seen"
			if object == "ring" {
				split = "unseen"
			}
			for index := range 4 {
				prompt := map[string]string{"color": "a red " + object, "count": "two " + object + "s"}[category]
				radius := float64(6 + (i+index)%5)
				fill := color.RGBA{uint8(60 + 70*model), uint8(40 * i), uint8(255 - 60*index), 255}
				pixels := make([]byte, 0, 3*size*size)
				for y := range size {
					for x := range size {
						if math.Hypot(float64(x-16), float64(y-16)) < radius {
							pixels = append(pixels, fill.R, fill.G, fill.B)
						} else {
							pixels = append(pixels, uint8(150+3*y), uint8(190+2*(x%4)), 200)
						}
					}
				}
				content, err := imaging.EncodePNG(imaging.Image{Width: size, Height: size, RGB: pixels})
				if err != nil {
					t.Fatal(err)
				}
				id := fmt.Sprintf("%s/%d/%d", category, i, index)
				rows = append(rows, table.Image{ID: id, Image: table.File{Bytes: content, Path: id + ".png"},
					Prompt: prompt, Category: category, Split: split, Index: int32(index), Seed: uint64(index)})
			}
		}
	}
	return output(t, s, fmt.Sprintf("images-%d.parquet", model), rows)
}

func curve(t *testing.T, s *synthetic, name string, terms []string, level float64) record.Output {
	t.Helper()
	var rows []dataset.CurvePoint
	for step := range 600 {
		for i, term := range terms {
			value := level*math.Exp(-float64(step)/150) + 0.2*float64(i+1) + 0.05*wobble(fmt.Sprint(name, term, step))
			rows = append(rows, dataset.CurvePoint{Step: int32(step), Name: term, Value: value})
		}
		rows = append(rows, dataset.CurvePoint{Step: int32(step), Name: "learning_rate", Value: 1e-3})
	}
	return output(t, s, "curve-"+name+".parquet", rows)
}

// syntheticExperiment is a made-up run of one experiment with three models.
func syntheticExperiment(t *testing.T) *synthetic {
	t.Helper()
	s := &synthetic{dir: t.TempDir(), records: map[string]*record.Record{}}
	v := record.Variant{ID: "0123456789ab", Seed: 1}
	s.stage(&v, record.Record{Node: "fit/with_aux", Stage: record.Stage{Kind: record.KindFit, Subject: "with_aux", Reward: "with_aux"}, Component: "feedback", Seconds: 12, Items: 900, Unit: "steps",
		Outputs: map[string]record.Output{"curve": curve(t, s, "with_aux", []string{"loss", "loss/mse"}, 0.7)}})
	for i, m := range syntheticModels {
		s.stage(&v, record.Record{Node: "sample/main/" + m.name, Stage: about(record.KindSample, m.name), Component: "shapes", Seconds: 30, Items: 480, Unit: "images",
			Outputs: map[string]record.Output{"images": pictures(t, s, i)}})
		s.stage(&v, record.Record{Node: "rate/main/" + m.name, Stage: about(record.KindRate, m.name), Component: "shapes_judge",
			Facts: map[string]float64{"count_accuracy": 0.991, "color_accuracy": 0.998}})
		if m.name != "base" {
			s.stage(&v, record.Record{Node: "tune/" + m.name, Stage: record.Stage{Kind: record.KindTune, Subject: m.name, Reward: "with_aux"}, Component: "shapes", Seconds: 300, Items: 600, Unit: "steps",
				Facts:   map[string]float64{record.MeanReward: 0.5123},
				Outputs: map[string]record.Output{"curve": curve(t, s, m.name, []string{"loss", "loss/reward_weighted", "loss/pretraining"}, 1)}})
		}
		s.stage(&v, record.Record{Node: "measure/main/alignment/" + m.name, Stage: measuring("alignment", m.name), Metrics: alignmentMetrics(m, "")})
		s.stage(&v, record.Record{Node: "measure/main/reward/" + m.name, Stage: measuring("reward", m.name), Metrics: rewardMetrics(m, "")})
		s.stage(&v, record.Record{Node: "measure/main/fidelity/" + m.name, Stage: measuring("fidelity", m.name), Metrics: fidelityMetrics(m, "")})
		s.stage(&v, record.Record{Node: "measure/main/diversity/" + m.name, Stage: measuring("diversity", m.name), Metrics: diversityMetrics(m, "")})
	}
	s.stage(&v, realImages(""))
	s.stage(&v, realDiversity(""))
	s.stage(&v, record.Record{Node: "measure/main/reward_accuracy", Stage: measuring("reward_accuracy", ""), Metrics: accuracyMetrics(0.5, "")})
	s.stage(&v, record.Record{Node: "measure/main/best_of/base", Stage: measuring("best_of", "base"), Metrics: bestOfMetrics()})
	s.run = &record.Run{
		Name: "synthetic", Description: "made-up numbers that exercise the tables", File: "synthetic.hcl",
		Command: "plumb run synthetic.hcl", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seconds: 754,
		Variants: []record.Variant{v}, Versions: map[string]string{"plumb": "0.0.0-synthetic", "go": "go1.26"},
		Machine: record.Machine{OS: "linux", Arch: "amd64", CPUs: 2, Backend: "go"},
		Notices: []string{"Components named shapes: a miniature world, in which small models draw shapes and raters are simulated. Nothing here was measured on photographs or by people."},
	}
	return s
}

// syntheticAblation is a made-up run of three variants under three seeds, with
// one seed's tuning failed and one variant wholly missing.
func syntheticAblation(t *testing.T) *synthetic {
	t.Helper()
	s := &synthetic{dir: t.TempDir(), records: map[string]*record.Record{}}
	s.run = &record.Run{Name: "synthetic_ablation", Description: "made-up numbers", File: "synthetic.hcl", Command: "plumb run synthetic.hcl",
		Baseline: "auxiliary_weight=0"}
	for _, weight := range []float64{0, 0.5, 2} {
		for seed := range 3 {
			v := record.Variant{Seed: uint64(seed + 1), Values: map[string]any{"auxiliary_weight": weight, "seed": seed + 1},
				Name: fmt.Sprintf("auxiliary_weight=%v seed=%d", weight, seed+1)}
			salt := v.Name
			s.stage(&v, record.Record{Node: "fit/with_aux", Stage: record.Stage{Kind: record.KindFit, Subject: "with_aux", Reward: "with_aux"}, Component: "feedback",
				Outputs: map[string]record.Output{"curve": curve(t, s, salt, []string{"loss"}, 0.5+weight/4)}})
			for i, m := range []syntheticModel{syntheticModels[0], syntheticModels[2]} {
				if m.name == "base" {
					salt = fmt.Sprint(seed) // the variable does not touch the base
				} else {
					salt = v.Name
					m.good += weight / 15
				}
				missing := weight == 2 || (weight == 0.5 && seed == 2)
				if missing && m.name != "base" {
					for _, what := range []string{"alignment", "reward", "fidelity", "diversity"} {
						v.Stages = append(v.Stages, record.StageRef{Node: "measure/main/" + what + "/" + m.name, Stage: measuring(what, m.name), Status: record.Cached})
					}
					v.Stages = append(v.Stages, record.StageRef{
						Node: "tune/" + m.name, Stage: record.Stage{Kind: record.KindTune, Subject: m.name, Reward: "with_aux"}, Status: record.Failed,
						Diagnostics: diag.List{{Summary: "the loss is NaN at step 41"}},
					})
					for _, kind := range []record.Kind{record.KindSample, record.KindRate} {
						v.Stages = append(v.Stages, record.StageRef{
							Node: string(kind) + "/main/" + m.name, Stage: about(kind, m.name), Status: record.NotRun, Needs: "tune/" + m.name,
						})
					}
					continue
				}
				s.stage(&v, record.Record{Node: "sample/main/" + m.name, Stage: about(record.KindSample, m.name), Component: "toy",
					Outputs: map[string]record.Output{"images": pictures(t, s, i)}})
				s.stage(&v, record.Record{Node: "measure/main/alignment/" + m.name, Stage: measuring("alignment", m.name), Metrics: alignmentMetrics(m, salt)})
				s.stage(&v, record.Record{Node: "measure/main/reward/" + m.name, Stage: measuring("reward", m.name), Metrics: rewardMetrics(m, salt)})
				s.stage(&v, record.Record{Node: "measure/main/fidelity/" + m.name, Stage: measuring("fidelity", m.name), Metrics: fidelityMetrics(m, salt)})
				s.stage(&v, record.Record{Node: "measure/main/diversity/" + m.name, Stage: measuring("diversity", m.name), Metrics: diversityMetrics(m, salt)})
			}
			s.stage(&v, realImages(fmt.Sprint(seed)))
			s.stage(&v, realDiversity(fmt.Sprint(seed)))
			s.stage(&v, record.Record{Node: "measure/main/reward_accuracy", Stage: measuring("reward_accuracy", ""), Metrics: accuracyMetrics(weight, v.Name)})
			if weight < 2 {
				s.stage(&v, record.Record{Node: "measure/main/best_of/base", Stage: measuring("best_of", "base"), Metrics: bestOfMetrics()})
			}
			s.run.Variants = append(s.run.Variants, v)
		}
	}
	return s
}
