package main

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// passOn forwards the calls that this version's proxy of the resource monitor does not know, such as those of hooks. An empty
// message keeps the fields of any other.
func passOn(monitor *grpc.ClientConn) grpc.ServerOption {
	return grpc.UnknownServiceHandler(func(_ interface{}, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		var request, response emptypb.Empty
		if err := stream.RecvMsg(&request); err != nil {
			return err
		}
		if err := monitor.Invoke(stream.Context(), method, &request, &response); err != nil {
			return err
		}
		return stream.SendMsg(&response)
	})
}
