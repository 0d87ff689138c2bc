// A connect-go client of InteropService: runs the scenarios of a file, prints one Outcome a line as JSON.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/encoding/protojson"

	"interop"
	"interop/gen/interopv1"
)

func main() {
	url := flag.String("url", "", "http(s)://host:port")
	protocol := flag.String("protocol", "connect", "connect, grpc or grpc-web")
	codec := flag.String("codec", "proto", "proto or json")
	version := flag.Int("http", 2, "1 or 2")
	get := flag.Bool("get", false, "Connect: use GET")
	gzip := flag.Bool("gzip", false, "compress requests")
	authority := flag.String("ca", "", "PEM file to trust")
	scenarios := flag.String("scenarios", "", "file with Scenarios as JSON")
	flag.Parse()

	var options []connect.ClientOption
	switch *protocol {
	case "grpc":
		options = append(options, connect.WithGRPC())
	case "grpc-web":
		options = append(options, connect.WithGRPCWeb())
	}
	if *codec == "json" {
		options = append(options, connect.WithProtoJSON())
	}
	if *get {
		options = append(options, connect.WithHTTPGet(), connect.WithHTTPGetMaxURLSize(8192, true),
			connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	}
	if *gzip {
		options = append(options, connect.WithSendGzip())
	}

	protocols := new(http.Protocols)
	protocols.SetHTTP1(*version == 1)
	protocols.SetHTTP2(*version == 2)
	protocols.SetUnencryptedHTTP2(*version == 2)
	transport := &http.Transport{Protocols: protocols}
	if *authority != "" {
		pem, err := os.ReadFile(*authority)
		if err != nil {
			log.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	client := connect.NewClient[interopv1.CallRequest, interopv1.CallResponse](
		&http.Client{Transport: transport}, *url+"/interop.v1.InteropService/Exchange", options...)

	text, err := os.ReadFile(*scenarios)
	if err != nil {
		log.Fatal(err)
	}
	table := &interopv1.Scenarios{}
	if err := protojson.Unmarshal(text, table); err != nil {
		log.Fatal(err)
	}
	for _, scenario := range table.GetScenarios() {
		outcome, err := run(client, scenario)
		if err != nil {
			log.Fatalf("%s: %v", scenario.GetName(), err)
		}
		line, err := protojson.Marshal(outcome)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

func run(client *connect.Client[interopv1.CallRequest, interopv1.CallResponse], scenario *interopv1.Scenario) (*interopv1.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	request := connect.NewRequest(scenario.GetRequest())
	interop.Add(request.Header(), scenario.GetHeaders())
	response, err := client.CallUnary(ctx, request)
	outcome := &interopv1.Outcome{Scenario: scenario.GetName()}
	names := replyNames(scenario.GetRequest())
	if err == nil {
		outcome.Response = response.Msg
		if outcome.Headers, err = interop.Pick(response.Header(), names); err != nil {
			return nil, err
		}
		outcome.Trailers, err = interop.Pick(response.Trailer(), names)
		return outcome, err
	}
	var failed *connect.Error
	if !errors.As(err, &failed) {
		return nil, err
	}
	outcome.Code = int32(failed.Code())
	outcome.Message = failed.Message()
	// connect-go keeps headers, metadata and trailers of a failed call in one map.
	if outcome.Headers, err = interop.Pick(failed.Meta(), names); err != nil {
		return nil, err
	}
	for _, detail := range failed.Details() {
		value, err := detail.Value()
		if err != nil {
			return nil, err
		}
		switch value := value.(type) {
		case *interopv1.Note:
			outcome.Details = append(outcome.Details, value)
		case *interopv1.CallResponse:
			outcome.Response = value
		}
	}
	return outcome, nil
}

// replyNames gives each name that the response may have, once.
func replyNames(request *interopv1.CallRequest) []string {
	var names []string
	seen := map[string]bool{}
	for _, pairs := range [][]*interopv1.Pair{request.GetHeaders(), request.GetFailure().GetMetadata(), request.GetTrailers()} {
		for _, pair := range pairs {
			if !seen[pair.GetName()] {
				seen[pair.GetName()] = true
				names = append(names, pair.GetName())
			}
		}
	}
	return names
}
