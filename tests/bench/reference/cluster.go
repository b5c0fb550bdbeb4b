package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"

	"sigs.k8s.io/yaml"
)

// cluster is an API server and who we are there: a kubeconfig of one cluster and
// one user with a token, as fixtures/control_plane.py writes it.
type cluster struct {
	url   *url.URL
	token string
	roots *x509.CertPool
}

func readKubeconfig(file string) (*cluster, error) {
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     string `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct {
				Token string `json:"token"`
			} `json:"user"`
		} `json:"users"`
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return nil, fmt.Errorf("%s: not one cluster and one user", file)
	}
	c := &cluster{token: config.Users[0].User.Token, roots: x509.NewCertPool()}
	if c.url, err = url.Parse(config.Clusters[0].Cluster.Server); err != nil {
		return nil, err
	}
	ca, err := base64.StdEncoding.DecodeString(config.Clusters[0].Cluster.CA)
	if err != nil || !c.roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s: no certificate-authority-data", file)
	}
	return c, nil
}

// transport speaks HTTP/2 over one connection for short requests.
func (c *cluster) transport() *http.Transport {
	return &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: c.roots},
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
	}
}
