// What tools/bench compares tiphys with: Helm's library in one warm process, and
// a bare loop of the requests that tiphys sends to an API server.
package main

import (
	"fmt"
	"os"
)

var commands = map[string]func([]string) error{
	"render": renderCommand,
	"record": recordCommand,
	"replay": replayCommand,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: reference render [-mended] [-rounds N] LIST.json\n"+
			"       reference record [-kubeconfig FILE] -out FILE\n"+
			"       reference replay [-kubeconfig FILE] [-width N] FILE")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}
