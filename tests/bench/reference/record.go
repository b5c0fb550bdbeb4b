package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// request is one write as it went to the API server; a recording is a list of
// them, one JSON object a line, in the order of their arrival.
type request struct {
	Method      string `json:"method"`
	URI         string `json:"uri"`
	ContentType string `json:"contentType"`
	Body        []byte `json:"body"`
	Status      int    `json:"status"`
}

type recorder struct {
	mu     sync.Mutex
	writes []*request
}

// recordCommand stands before an API server until SIGTERM, and then writes down
// the writes that it saw. Prints its URL; its certificate lies beside the recording.
func recordCommand(args []string) error {
	flags := flag.NewFlagSet("record", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "of the API server")
	out := flags.String("out", "", "the recording; its certificate becomes FILE.crt")
	flags.Parse(args)
	c, err := readKubeconfig(*kubeconfig)
	if err != nil {
		return err
	}
	r := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(c.url)
	proxy.Transport = c.transport()
	proxy.FlushInterval = -1 // watches
	server := httptest.NewUnstartedServer(r.record(proxy))
	server.EnableHTTP2 = true
	server.StartTLS()
	if err := writeCertificate(*out+".crt", server); err != nil {
		return err
	}
	fmt.Println(server.URL)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	return r.write(*out)
}

func (r *recorder) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet || q.URL.Query().Has("dryRun") {
			next.ServeHTTP(w, q)
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		q.Body = io.NopCloser(bytes.NewReader(body))
		one := &request{Method: q.Method, URI: q.URL.RequestURI(), ContentType: q.Header.Get("Content-Type"), Body: body}
		r.mu.Lock()
		r.writes = append(r.writes, one)
		r.mu.Unlock()
		seen := &statusWriter{ResponseWriter: w}
		next.ServeHTTP(seen, q)
		r.mu.Lock()
		one.Status = seen.status
		r.mu.Unlock()
	})
}

func (r *recorder) write(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(file)
	for _, one := range r.writes {
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	return file.Close()
}

// statusWriter remembers the answer's status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func writeCertificate(name string, server *httptest.Server) error {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	return os.WriteFile(name, pem.EncodeToMemory(block), 0o644)
}
