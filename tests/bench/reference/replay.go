package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// replayCommand sends the accepted requests of a recording as fast as the API
// server takes them, WIDTH at once over one HTTP/2 connection: CRDs first, then
// namespaces, then the rest in the recorded order. It waits for nothing but
// answers; what is refused for a kind or a namespace that is not served yet is
// sent again.
func replayCommand(args []string) error {
	flags := flag.NewFlagSet("replay", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "of the API server")
	width := flags.Int("width", 16, "requests at once")
	flags.Parse(args)
	c, err := readKubeconfig(*kubeconfig)
	if err != nil {
		return err
	}
	phases, err := readRecording(flags.Arg(0))
	if err != nil {
		return err
	}
	r := &replayer{cluster: c, client: &http.Client{Transport: c.transport(), Timeout: time.Minute}}
	started := time.Now()
	for _, phase := range phases {
		r.run(phase, *width)
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"seconds": time.Since(started).Seconds(), "accepted": r.accepted.Load(), "again": r.again.Load(),
		"refused": r.refused, "width": *width})
}

// readRecording leaves out what was refused, and deletions: on an empty cluster
// nothing is there to be deleted.
func readRecording(name string) (phases [3][]*request, err error) {
	file, err := os.Open(name)
	if err != nil {
		return phases, err
	}
	defer file.Close()
	decoder := json.NewDecoder(bufio.NewReader(file))
	for {
		one := &request{}
		if err := decoder.Decode(one); err == io.EOF {
			return phases, nil
		} else if err != nil {
			return phases, err
		}
		if one.Status < 200 || one.Status > 299 || one.Method == http.MethodDelete {
			continue
		}
		phase := 2
		if strings.Contains(one.URI, "/customresourcedefinitions/") {
			phase = 0
		} else if strings.HasPrefix(one.URI, "/api/v1/namespaces/") && strings.Count(one.URI, "/") == 4 {
			phase = 1
		}
		phases[phase] = append(phases[phase], one)
	}
}

type replayer struct {
	cluster         *cluster
	client          *http.Client
	accepted, again atomic.Int64
	mu              sync.Mutex
	refused         []string
}

func (r *replayer) run(requests []*request, width int) {
	var workers sync.WaitGroup
	var next atomic.Int64
	for range width {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(requests)); i = next.Add(1) - 1 {
				r.send(requests[i])
			}
		})
	}
	workers.Wait()
}

func (r *replayer) send(one *request) {
	const tries = 200
	for try := 1; ; try++ {
		status, answer := r.once(one)
		if status >= 200 && status <= 299 {
			r.accepted.Add(1)
			return
		}
		transient := status == http.StatusNotFound || status == http.StatusTooManyRequests ||
			strings.Contains(answer, "error looking up service account")
		if !transient || try == tries {
			r.mu.Lock()
			r.refused = append(r.refused, fmt.Sprintf("%s %s: %d %.300s", one.Method, one.URI, status, answer))
			r.mu.Unlock()
			return
		}
		r.again.Add(1)
		time.Sleep(10 * time.Millisecond)
	}
}

func (r *replayer) once(one *request) (int, string) {
	q, err := http.NewRequest(one.Method, r.cluster.url.String()+one.URI, bytes.NewReader(one.Body))
	if err != nil {
		return 0, err.Error()
	}
	q.Header.Set("Content-Type", one.ContentType)
	q.Header.Set("Accept", "application/json")
	q.Header.Set("Authorization", "Bearer "+r.cluster.token)
	answer, err := r.client.Do(q)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}
