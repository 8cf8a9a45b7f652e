package metric

import (
	"slices"

	"github.com/plumb-ml/plumb/core/record"
)

// The names of the metrics. Each has its row in the table below.
const (
	GoodShare              = "good_share"
	SkipShare              = "skip_share"
	WinShare               = "win_share"
	TieShare               = "tie_share"
	LoseShare              = "lose_share"
	WinMinusLose           = "win_minus_lose"
	WinMinusLoseP          = "win_minus_lose_p"
	WinMinusLoseDetectable = "win_minus_lose_detectable"
	GoodShareDifference    = "good_share_difference"
	GoodShareDifferenceP   = "good_share_difference_p"
	AgreementAlpha         = "agreement_alpha"
	AgreementShare         = "agreement_share"

	PreferenceMean           = "preference"
	PreferenceBetterShare    = "preference_better_share"
	PreferenceTieShare       = "preference_tie_share"
	PreferenceWorseShare     = "preference_worse_share"
	PreferenceP              = "preference_p"
	PreferenceDetectable     = "preference_detectable"
	PreferenceSkipShare      = "preference_skip_share"
	PreferenceIdenticalShare = "preference_identical_share"
	PreferenceAgreementAlpha = "preference_agreement_alpha"
	PreferenceAgreementShare = "preference_agreement_share"
	Strength                 = "strength"
	StrengthDifference       = "strength_difference"
	StrengthDifferenceP      = "strength_difference_p"

	AverageRewardMean        = "average_reward"
	AverageRewardDifference  = "average_reward_difference"
	AverageRewardDifferenceP = "average_reward_difference_p"
	AveragePartMean          = "average_part"
	AveragePartDifference    = "average_part_difference"

	FID             = "fid"
	FIDDifference   = "fid_difference"
	FIDDifferenceP  = "fid_difference_p"
	KID             = "kid"
	KIDDifference   = "kid_difference"
	KIDDifferenceP  = "kid_difference_p"
	CMMD            = "cmmd"
	CMMDDifference  = "cmmd_difference"
	CMMDDifferenceP = "cmmd_difference_p"

	RewardAccuracyShare  = "reward_accuracy"
	RewardAccuracyFitted = "reward_accuracy_fitted"
	MajorityAccuracy     = "majority_accuracy"
	PairwiseAccuracy     = "pairwise_accuracy"
	AUCWithinPrompt      = "auc_within_prompt"
	AUC                  = "auc"

	PairwiseAccuracyDifference  = "pairwise_accuracy_difference"
	PairwiseAccuracyDifferenceP = "pairwise_accuracy_difference_p"
	AUCDifference               = "auc_difference"
	AUCDifferenceP              = "auc_difference_p"
	RewardAccuracyDifference    = "reward_accuracy_difference"
	RewardAccuracyDifferenceP   = "reward_accuracy_difference_p"

	ScoreAbove             = "score_above"
	ScoreChange            = "score_change"
	ScoreChangeSize        = "score_change_size"
	CalibrationError       = "calibration_error"
	CalibrationErrorChance = "calibration_error_chance"
	CalibrationBias        = "calibration_bias"
	ReliabilityScore       = "reliability_score"
	ReliabilityShare       = "reliability_share"
	RaterAccuracy          = "rater_accuracy"
	RaterPairwiseAccuracy  = "rater_pairwise_accuracy"

	CheckpointReward          = "checkpoint_reward"
	CheckpointRewardChange    = "checkpoint_reward_change"
	CheckpointJudge           = "checkpoint_judge"
	CheckpointJudgeChange     = "checkpoint_judge_change"
	CheckpointGoodShare       = "checkpoint_good_share"
	CheckpointGoodShareChange = "checkpoint_good_share_change"
	CheckpointChosen          = "checkpoint_chosen"
	CheckpointParted          = "checkpoint_parted"

	// The metrics of chosen images are those of a model's, under names of their own.
	bestOf                       = "best_of_"
	BestOfGoodShare              = bestOf + GoodShare
	BestOfSkipShare              = bestOf + SkipShare
	BestOfWinShare               = bestOf + WinShare
	BestOfTieShare               = bestOf + TieShare
	BestOfLoseShare              = bestOf + LoseShare
	BestOfWinMinusLose           = bestOf + WinMinusLose
	BestOfWinMinusLoseP          = bestOf + WinMinusLoseP
	BestOfWinMinusLoseDetectable = bestOf + WinMinusLoseDetectable
	BestOfGoodShareDifference    = bestOf + GoodShareDifference
	BestOfGoodShareDifferenceP   = bestOf + GoodShareDifferenceP
)

// Definition is a row of the table of metrics.
type Definition struct {
	Name    string
	Measure Measure // the stage that computes it
	Unit    record.Unit
	Better  record.Direction
	Title   string // of its column in a report, without its unit; empty: reports have none
	// Headline metrics are compared between the variants of an ablation, and
	// corrected together: few of them.
	Headline bool
}

// definitions is the one list of what is measured: plans, commands and reports read it.
var definitions = []Definition{
	{GoodShare, MeasureAlignment, record.Share, record.Higher, "good", true},
	{SkipShare, MeasureAlignment, record.Share, record.Neither, "", false},
	{WinShare, MeasureAlignment, record.Share, record.Higher, "win", false},
	{TieShare, MeasureAlignment, record.Share, record.Neither, "tie", false},
	{LoseShare, MeasureAlignment, record.Share, record.Lower, "lose", false},
	{WinMinusLose, MeasureAlignment, record.Points, record.Higher, "win-lose", false},
	{WinMinusLoseP, MeasureAlignment, record.P, record.Neither, "p", false},
	{WinMinusLoseDetectable, MeasureAlignment, record.Points, record.Neither, "", false},
	{GoodShareDifference, MeasureAlignment, record.Points, record.Higher, "points", false},
	{GoodShareDifferenceP, MeasureAlignment, record.P, record.Neither, "p", false},
	{AgreementAlpha, MeasureAlignment, record.Plain, record.Higher, "", false},
	{AgreementShare, MeasureAlignment, record.Share, record.Higher, "", false},

	{PreferenceMean, MeasurePreference, record.Share, record.Higher, "preferred", true},
	{PreferenceBetterShare, MeasurePreference, record.Share, record.Higher, "better", false},
	{PreferenceTieShare, MeasurePreference, record.Share, record.Neither, "tie", false},
	{PreferenceWorseShare, MeasurePreference, record.Share, record.Lower, "worse", false},
	{PreferenceP, MeasurePreference, record.P, record.Neither, "p", false},
	{PreferenceDetectable, MeasurePreference, record.Points, record.Neither, "", false},
	{PreferenceSkipShare, MeasurePreference, record.Share, record.Neither, "", false},
	{PreferenceIdenticalShare, MeasurePreference, record.Share, record.Neither, "", false},
	{PreferenceAgreementAlpha, MeasurePreference, record.Plain, record.Higher, "", false},
	{PreferenceAgreementShare, MeasurePreference, record.Share, record.Higher, "", false},
	{Strength, MeasureStrength, record.Plain, record.Higher, "strength", false},
	{StrengthDifference, MeasureStrength, record.Plain, record.Higher, "difference", false},
	{StrengthDifferenceP, MeasureStrength, record.P, record.Neither, "p", false},

	{AverageRewardMean, MeasureReward, record.Plain, record.Higher, "score", false},
	{AverageRewardDifference, MeasureReward, record.Plain, record.Higher, "score difference", false},
	{AverageRewardDifferenceP, MeasureReward, record.P, record.Neither, "p", false},
	{AveragePartMean, MeasureReward, record.Plain, record.Neither, "", false},
	{AveragePartDifference, MeasureReward, record.Plain, record.Neither, "", false},

	{FID, MeasureFidelity, record.Plain, record.Lower, "FID", true},
	{FIDDifference, MeasureFidelity, record.Plain, record.Lower, "FID difference", false},
	{FIDDifferenceP, MeasureFidelity, record.P, record.Neither, "p", false},
	{KID, MeasureFidelity, record.Plain, record.Lower, "KID", false},
	{KIDDifference, MeasureFidelity, record.Plain, record.Lower, "KID difference", false},
	{KIDDifferenceP, MeasureFidelity, record.P, record.Neither, "p", false},
	{CMMD, MeasureFidelity, record.Plain, record.Lower, "CMMD", false},
	{CMMDDifference, MeasureFidelity, record.Plain, record.Lower, "CMMD difference", false},
	{CMMDDifferenceP, MeasureFidelity, record.P, record.Neither, "p", false},

	{RewardAccuracyShare, MeasureRewardAccuracy, record.Share, record.Higher, "images", false},
	{RewardAccuracyFitted, MeasureRewardAccuracy, record.Share, record.Higher, "", false},
	{MajorityAccuracy, MeasureRewardAccuracy, record.Share, record.Neither, "majority", false},
	{PairwiseAccuracy, MeasureRewardAccuracy, record.Share, record.Higher, "pairs", true},
	{AUCWithinPrompt, MeasureRewardAccuracy, record.Share, record.Higher, "", false},
	{AUC, MeasureRewardAccuracy, record.Share, record.Higher, "AUC", true},
	{PairwiseAccuracyDifference, MeasureRewardAccuracy, record.Points, record.Higher, "pairs", false},
	{PairwiseAccuracyDifferenceP, MeasureRewardAccuracy, record.P, record.Neither, "p", false},
	{AUCDifference, MeasureRewardAccuracy, record.Points, record.Higher, "AUC", false},
	{AUCDifferenceP, MeasureRewardAccuracy, record.P, record.Neither, "p", false},
	{RewardAccuracyDifference, MeasureRewardAccuracy, record.Points, record.Higher, "images", false},
	{RewardAccuracyDifferenceP, MeasureRewardAccuracy, record.P, record.Neither, "p", false},

	{ScoreAbove, MeasureRewardCard, record.Share, record.Higher, "above", false},
	{ScoreChange, MeasureRewardCard, record.Plain, record.Neither, "change", false},
	{ScoreChangeSize, MeasureRewardCard, record.Plain, record.Lower, "size of change", false},
	{CalibrationError, MeasureRewardCard, record.Share, record.Lower, "calibration error", false},
	{CalibrationErrorChance, MeasureRewardCard, record.Share, record.Neither, "", false},
	{CalibrationBias, MeasureRewardCard, record.Points, record.Neither, "bias", false},
	{ReliabilityScore, MeasureRewardCard, record.Plain, record.Neither, "", false},
	{ReliabilityShare, MeasureRewardCard, record.Share, record.Neither, "", false},
	{RaterAccuracy, MeasureRewardCard, record.Share, record.Neither, "images", false},
	{RaterPairwiseAccuracy, MeasureRewardCard, record.Share, record.Neither, "pairs", false},

	{CheckpointReward, MeasureCheckpoints, record.Plain, record.Higher, "trained reward", false},
	{CheckpointRewardChange, MeasureCheckpoints, record.Plain, record.Higher, "change", false},
	{CheckpointJudge, MeasureCheckpoints, record.Plain, record.Higher, "judge", false},
	{CheckpointJudgeChange, MeasureCheckpoints, record.Plain, record.Higher, "change", false},
	{CheckpointGoodShare, MeasureCheckpoints, record.Share, record.Higher, "good", false},
	{CheckpointGoodShareChange, MeasureCheckpoints, record.Points, record.Higher, "change", false},
	{CheckpointChosen, MeasureCheckpoints, record.Plain, record.Neither, "", false},
	{CheckpointParted, MeasureCheckpoints, record.Plain, record.Neither, "", false},

	{BestOfGoodShare, MeasureBestOf, record.Share, record.Higher, "good", false},
	{BestOfSkipShare, MeasureBestOf, record.Share, record.Neither, "", false},
	{BestOfWinShare, MeasureBestOf, record.Share, record.Higher, "win", false},
	{BestOfTieShare, MeasureBestOf, record.Share, record.Neither, "tie", false},
	{BestOfLoseShare, MeasureBestOf, record.Share, record.Lower, "lose", false},
	{BestOfWinMinusLose, MeasureBestOf, record.Points, record.Higher, "win-lose", false},
	{BestOfWinMinusLoseP, MeasureBestOf, record.P, record.Neither, "p", false},
	{BestOfWinMinusLoseDetectable, MeasureBestOf, record.Points, record.Neither, "", false},
	{BestOfGoodShareDifference, MeasureBestOf, record.Points, record.Higher, "points", false},
	{BestOfGoodShareDifferenceP, MeasureBestOf, record.P, record.Neither, "p", false},
}

// Define returns a metric's row; ok is false for a name that nothing measures.
func Define(name string) (row Definition, ok bool) {
	at := slices.IndexFunc(definitions, func(d Definition) bool { return d.Name == name })
	if at < 0 {
		return Definition{}, false
	}
	return definitions[at], true
}

// Names lists what can be asked for: the measures, which stand for all of their
// metrics, and the metrics.
func Names() []string {
	var names []string
	for _, m := range measures {
		names = append(names, string(m.Measure))
	}
	for _, d := range definitions {
		if !slices.Contains(names, d.Name) { // reward_accuracy is both
			names = append(names, d.Name)
		}
	}
	return names
}

// MeasureOf returns the measure that a name asks for, which is its own or that of
// a metric; ok is false for a name that nothing measures.
func MeasureOf(name string) (measure Measure, ok bool) {
	for _, m := range measures {
		if string(m.Measure) == name {
			return m.Measure, true
		}
	}
	row, ok := Define(name)
	return row.Measure, ok
}

// Measures reports whether a metric of the name is this measure's.
func (m Measure) Measures(name string) bool {
	row, ok := Define(name)
	return ok && row.Measure == m
}

// as is a metric under a name, with the unit and direction of that name's row.
func as(m record.Metric, name string) record.Metric {
	row, ok := Define(name)
	if !ok {
		panic("metric: " + name + " has no row in the table")
	}
	m.Name, m.Unit, m.Better = row.Name, row.Unit, row.Better
	return m
}
