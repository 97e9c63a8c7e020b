#pragma once

// Includes gRPC: for .cpp files only.
#include "agent/common/rpc/status.hpp"

#include <grpcpp/client_context.h>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace kagent::rpc {

// Starts a method of a stub's async(). A function, since the class behind async() has no public
// name.
template <class Request, class Response>
using StartUnary = std::function<void(grpc::ClientContext*, const Request*, Response*,
                                      std::function<void(grpc::Status)>)>;

namespace detail {

// Owns everything that gRPC has pointers to, until gRPC's callback has run.
template <class Request, class Response, class Handler>
struct UnaryOperation {
  UnaryOperation(Request sent, Handler done) : request(std::move(sent)), handler(std::move(done)) {}

  grpc::ClientContext context;
  Request request;
  Response response;
  Handler handler;
};

template <class Operation>
void complete(const std::shared_ptr<Operation>& operation, const grpc::Status& status) {
  auto handler = std::move(operation->handler);
  if (status.ok())
    handler(std::move(operation->response));
  else
    handler(from_status(status));
}

}  // namespace detail

// One call, awaited; it completes on the executor of the awaiting coroutine. Errors: those of the
// peer (status.hpp), deadline_exceeded, unavailable, cancelled (its cancellation slot has fired).
template <class Request, class Response>
boost::asio::awaitable<Result<Response>> unary_call(StartUnary<Request, Response> start,
                                                    Request request,
                                                    std::chrono::milliseconds timeout) {
  namespace asio = boost::asio;
  auto initiation = [start = std::move(start), request = std::move(request),
                     timeout](auto handler) mutable {
    using Operation = detail::UnaryOperation<Request, Response, decltype(handler)>;
    const auto executor = asio::get_associated_executor(handler);
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto operation = std::make_shared<Operation>(std::move(request), std::move(handler));
    operation->context.set_deadline(std::chrono::system_clock::now() + timeout);
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<Operation>(operation)](asio::cancellation_type) {
        if (auto alive = weak.lock()) alive->context.TryCancel();
      });
    }
    auto* const raw = operation.get();
    // gRPC calls this on a thread of its own.
    start(&raw->context, &raw->request, &raw->response,
          [operation = std::move(operation), executor](grpc::Status status) mutable {
            asio::post(executor, [operation = std::move(operation), status = std::move(status)] {
              detail::complete(operation, status);
            });
          });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Result<Response>)>(
      std::move(initiation), asio::use_awaitable);
}

}  // namespace kagent::rpc
