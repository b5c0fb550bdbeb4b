package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"reflect"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/mitchellh/copystructure"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"
)

// release is one `helm template` of the list that bench_render.py writes.
type release struct {
	Name        string   `json:"name"`
	Namespace   string   `json:"namespace"`
	Chart       string   `json:"chart"`
	Values      []string `json:"values"` // files
	Text        string   `json:"text"`   // one more values document
	IncludeCRDs bool     `json:"includeCRDs"`
	SHA256      string   `json:"sha256"` // of the command line's output

	chart *chart.Chart
	files [][]byte
}

// renderCommand renders the whole list again and again in this process and
// prints what the best round but the first cost: charts are loaded once; values,
// templates, split, sort and the reading of the objects are done anew.
func renderCommand(args []string) error {
	flags := flag.NewFlagSet("render", flag.ExitOnError)
	rounds := flags.Int("rounds", 5, "rounds; the first is not counted")
	mended := flags.Bool("mended", false, "deepCopy shares the bytes of .Files, and GOGC=400")
	flags.Parse(args)
	releases, err := loadReleases(flags.Arg(0))
	if err != nil {
		return err
	}
	e := engine.Engine{}
	if *mended {
		e.CustomTemplateFuncs = map[string]any{
			"deepCopy": deepCopy, "mustDeepCopy": deepCopy,
		}
		debug.SetGCPercent(400)
	}
	best, objects, same := math.Inf(1), 0, 0
	for round := range *rounds {
		before := cpuSeconds()
		n, identical, err := renderAll(e, releases, round == 0)
		if err != nil {
			return err
		}
		if objects = n; round == 0 {
			same = identical
		}
		if took := cpuSeconds() - before; round > 0 && took < best {
			best = took
		}
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"cpuSeconds": best, "renders": len(releases), "identical": same, "objects": objects})
}

func loadReleases(file string) (releases []*release, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err = json.Unmarshal(text, &releases); err != nil {
		return nil, err
	}
	for _, r := range releases {
		// One chart object a release: the processing of dependencies changes it.
		if r.chart, err = loader.Load(r.Chart); err != nil {
			return nil, err
		}
		for _, name := range r.Values {
			values, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			r.files = append(r.files, values)
		}
		if r.Text != "" {
			r.files = append(r.files, []byte(r.Text))
		}
	}
	return releases, nil
}

// renderAll returns the number of objects, and, when it is to check that, of
// releases whose text is the command line's.
func renderAll(e engine.Engine, releases []*release, check bool) (objects, same int, err error) {
	for _, r := range releases {
		text, contents, err := r.render(e)
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", r.Name, err)
		}
		for _, content := range contents {
			n, err := readObjects(content)
			if err != nil {
				return 0, 0, fmt.Errorf("%s: %w", r.Name, err)
			}
			objects += n
		}
		if check {
			if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) == r.SHA256 {
				same++
			}
		}
	}
	return objects, same, nil
}

// render does what `helm template` does between the reading of files and the
// writing of text.
func (r *release) render(e engine.Engine) (text []byte, contents []string, err error) {
	values := map[string]any{}
	for _, file := range r.files {
		more, err := loader.LoadValues(bytes.NewReader(file))
		if err != nil {
			return nil, nil, err
		}
		values = loader.MergeMaps(values, more)
	}
	if err := chartutil.ProcessDependencies(r.chart, values); err != nil {
		return nil, nil, err
	}
	options := common.ReleaseOptions{Name: r.Name, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(r.chart, values, options, common.DefaultCapabilities.Copy())
	if err != nil {
		return nil, nil, err
	}
	files, err := e.Render(r.chart, top)
	if err != nil {
		return nil, nil, err
	}
	for name := range files {
		if path.Base(name) == "NOTES.txt" {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, nil, err
	}
	var out strings.Builder
	add := func(source, content string) {
		fmt.Fprintf(&out, "---\n# Source: %s\n%s\n", source, content)
		contents = append(contents, content)
	}
	if r.IncludeCRDs {
		for _, crd := range r.chart.CRDObjects() {
			add(crd.Filename, string(crd.File.Data))
		}
	}
	for _, m := range manifests {
		add(m.Name, m.Content)
	}
	whole := strings.TrimSpace(out.String()) + "\n"
	out.Reset()
	for _, h := range hooks {
		add(h.Path, h.Manifest)
	}
	return []byte(whole + out.String()), contents, nil
}

// readObjects counts the objects of one manifest; a file of CRDs may hold several.
func readObjects(content string) (n int, err error) {
	for _, document := range strings.Split(content, "\n---") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return 0, err
		}
		if object["kind"] != nil {
			n++
		}
	}
	return n, nil
}

// deepCopy is sprig's, but .Files is shared, which sprig's copies byte by byte
// through reflection: charts copy their whole dot.
func deepCopy(v any) (any, error) {
	dot, ok := v.(common.Values)
	if plain, isPlain := v.(map[string]any); isPlain {
		dot, ok = plain, true // a subchart's
	}
	if !ok || !isFiles(dot["Files"]) {
		return copystructure.Copy(v)
	}
	rest := maps.Clone(dot)
	delete(rest, "Files")
	delete(rest, "Subcharts")
	copied, err := copystructure.Copy(rest)
	if err != nil {
		return nil, err
	}
	out := copied.(common.Values)
	out["Files"] = dot["Files"]
	if subcharts, ok := dot["Subcharts"].(map[string]any); ok {
		dots := make(map[string]any, len(subcharts))
		for name, subchart := range subcharts {
			if dots[name], err = deepCopy(subchart); err != nil {
				return nil, err
			}
		}
		out["Subcharts"] = dots
	}
	if reflect.TypeOf(v) != reflect.TypeOf(out) {
		return map[string]any(out), nil
	}
	return out, nil
}

// isFiles knows the engine's unexported type of .Files.
func isFiles(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Map && t.Elem() == reflect.TypeFor[[]byte]()
}

// cpuSeconds counts all threads, the garbage collector's too.
func cpuSeconds() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}
