// Asks a server's health and reflection services with grpc-go's own stubs, prints what they say, and watches until the
// server goes away.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	health "google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	greeter = "greet.v1.GreetService"
	unknown = "acme.Unknown"
)

func askHealth(ctx context.Context, client health.HealthClient) error {
	for _, service := range []string{"", greeter, unknown} {
		response, err := client.Check(ctx, &health.HealthCheckRequest{Service: service})
		if err != nil {
			fmt.Printf("check %q: %v\n", service, status.Code(err))
		} else {
			fmt.Printf("check %q: %v\n", service, response.Status)
		}
	}
	response, err := client.List(ctx, &health.HealthListRequest{})
	if err != nil {
		return err
	}
	var statuses []string
	for service, each := range response.Statuses {
		statuses = append(statuses, fmt.Sprintf("%q %v", service, each.Status))
	}
	sort.Strings(statuses)
	fmt.Printf("list: %s\n", strings.Join(statuses, ", "))
	return nil
}

func fileName(bytes [][]byte) string {
	var file descriptorpb.FileDescriptorProto
	if len(bytes) == 0 {
		return "nothing"
	}
	if err := proto.Unmarshal(bytes[0], &file); err != nil {
		return err.Error()
	}
	return file.GetName()
}

func askReflectionV1(ctx context.Context, connection *grpc.ClientConn) error {
	stream, err := reflectionv1.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	ask := func(request *reflectionv1.ServerReflectionRequest) *reflectionv1.ServerReflectionResponse {
		if err := stream.Send(request); err != nil {
			fmt.Println("send:", err)
		}
		response, err := stream.Recv()
		if err != nil {
			fmt.Println("receive:", err)
		}
		return response
	}
	var names []string
	list := ask(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}})
	for _, service := range list.GetListServicesResponse().GetService() {
		names = append(names, service.Name)
	}
	fmt.Printf("v1 services: %s\n", strings.Join(names, " "))
	file := ask(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: greeter}})
	fmt.Printf("v1 file: %s\n", fileName(file.GetFileDescriptorResponse().GetFileDescriptorProto()))
	none := ask(&reflectionv1.ServerReflectionRequest{
		MessageRequest: &reflectionv1.ServerReflectionRequest_FileByFilename{FileByFilename: "no/such.proto"}})
	fmt.Printf("v1 no file: %d\n", none.GetErrorResponse().GetErrorCode())
	return stream.CloseSend()
}

func askReflectionV1Alpha(ctx context.Context, connection *grpc.ClientConn) error {
	stream, err := reflectionalpha.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&reflectionalpha.ServerReflectionRequest{
		MessageRequest: &reflectionalpha.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: greeter},
	}); err != nil {
		return err
	}
	response, err := stream.Recv()
	if err != nil {
		return err
	}
	fmt.Printf("v1alpha file: %s\n", fileName(response.GetFileDescriptorResponse().GetFileDescriptorProto()))
	return stream.CloseSend()
}

func watch(ctx context.Context, client health.HealthClient) error {
	stream, err := client.Watch(ctx, &health.HealthCheckRequest{Service: unknown})
	if err != nil {
		return err
	}
	response, err := stream.Recv()
	if err != nil {
		return err
	}
	fmt.Printf("watch %q: %v\n", unknown, response.Status)
	stream, err = client.Watch(ctx, &health.HealthCheckRequest{Service: greeter})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			fmt.Printf("watch %q: %v\n", greeter, status.Code(err))
			return nil
		}
		fmt.Printf("watch %q: %v\n", greeter, response.Status)
	}
}

func run(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	target := strings.TrimPrefix(url, "http://")
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	client := health.NewHealthClient(connection)
	if err := askHealth(ctx, client); err != nil {
		return err
	}
	if err := askReflectionV1(ctx, connection); err != nil {
		return err
	}
	if err := askReflectionV1Alpha(ctx, connection); err != nil {
		return err
	}
	return watch(ctx, client)
}

func main() {
	url := flag.String("url", "", "http://host:port")
	flag.Parse()
	if err := run(*url); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}
