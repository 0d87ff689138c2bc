// EchoService on connect-go: -port P [-tls FOLDER].
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"

	"bench/gen/benchv1"
	"bench/gen/benchv1/benchv1connect"
	"bench/gen/work"

	"connectrpc.com/connect"
)

type echoService struct{}

func (echoService) Echo(_ context.Context, r *connect.Request[benchv1.EchoRequest]) (*connect.Response[benchv1.EchoResponse], error) {
	return connect.NewResponse(work.Same(r.Msg)), nil
}

func (echoService) Ingest(_ context.Context, r *connect.Request[benchv1.IngestRequest]) (*connect.Response[benchv1.IngestResponse], error) {
	return connect.NewResponse(work.Sums(r.Msg)), nil
}

func (echoService) Stream(_ context.Context, r *connect.Request[benchv1.StreamRequest], out *connect.ServerStream[benchv1.EchoResponse]) error {
	message := work.Filled(r.Msg.Size)
	for range r.Msg.Count {
		if err := out.Send(message); err != nil {
			return err
		}
	}
	return nil
}

func (echoService) Chat(_ context.Context, stream *connect.BidiStream[benchv1.EchoRequest, benchv1.EchoResponse]) error {
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = stream.Send(work.Same(m))
		}
		if err != nil {
			return err
		}
	}
}

func (echoService) Upload(_ context.Context, stream *connect.ClientStream[benchv1.EchoRequest]) (*connect.Response[benchv1.IngestResponse], error) {
	sum := &benchv1.IngestResponse{}
	for stream.Receive() {
		work.Count(sum, stream.Msg())
	}
	return connect.NewResponse(sum), stream.Err()
}

func main() {
	port := flag.Int("port", 50051, "")
	tls := flag.String("tls", "", "folder of cert.pem and key.pem")
	flag.Parse()
	mux := http.NewServeMux()
	mux.Handle(benchv1connect.NewEchoServiceHandler(echoService{}))
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(*tls != "")
	protocols.SetUnencryptedHTTP2(*tls == "")
	server := http.Server{Addr: fmt.Sprintf("127.0.0.1:%d", *port), Handler: mux, Protocols: protocols}
	if *tls != "" {
		log.Fatal(server.ListenAndServeTLS(*tls+"/cert.pem", *tls+"/key.pem"))
	}
	log.Fatal(server.ListenAndServe())
}
