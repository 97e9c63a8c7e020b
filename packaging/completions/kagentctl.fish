# fish completion for kagentctl; node names come from the coordinator.

function __kagentctl_nodes
    kagentctl status 2>/dev/null | awk 'NR > 1 && !/^  REASON:/ {print $1}'
end

function __kagentctl_is -a command
    contains -- $command (commandline -opc)
end

set -l commands status describe logs wait retry reset remove rejoin approve forget token kubeconfig config certs timeline user-data plan prepare-image explain version
set -l steps preflight hostname hosts time swap modules sysctl packages runtime images kubelet balancer metadata init join kubeconfig cni ready
set -l phases enrolled preparing initializing waiting joining starting ready not-ready failed lost leaving reset

complete -c kagentctl -f
complete -c kagentctl -l coordinator -r -F -d 'admin socket, kagent:// URL or HOST:PORT'
complete -c kagentctl -l cert -r -F -d 'admin certificate'
complete -c kagentctl -l key -r -F -d 'its key'
complete -c kagentctl -l ca -r -F -d 'the CA of the coordinator'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a status -d 'a line for every node'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a describe -d 'all that is known of one node'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a logs -d 'journal lines of steps'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a wait -d 'until nodes are ready'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a config -d 'NodeConfig and ClusterConfig'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a certs -d 'certificates, and until when'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a timeline -d 'when each step started and ended'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a retry -d 'try now what has failed'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a reset -d 'drain a node and undo what kagent has done'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a remove -d 'reset a node for good'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a rejoin -d 'let a node come back'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a approve -d 'let a node in that waits'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a forget -d 'unbind a node from its key'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a token -d 'enrolment tokens'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a kubeconfig -d 'for kubectl, for some hours'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a user-data -d 'the line for launching nodes'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a plan -d 'on a node: what would change'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a prepare-image -d 'take away what no image may carry'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a explain -d 'what a cause means'
complete -c kagentctl -n "not __fish_seen_subcommand_from $commands" -a version -d 'the version'
complete -c kagentctl -n '__kagentctl_is status' -s w -l watch -d 'go on'
complete -c kagentctl -n '__kagentctl_is status' -s o -l output -x -a 'wide json yaml'
complete -c kagentctl -n '__kagentctl_is describe' -s o -l output -x -a 'json yaml'
complete -c kagentctl -n '__kagentctl_is describe' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is logs' -a "(__kagentctl_nodes) $steps"
complete -c kagentctl -n '__kagentctl_is logs' -s n -l lines -x
complete -c kagentctl -n '__kagentctl_is wait' -l for -x -a "$phases"
complete -c kagentctl -n '__kagentctl_is wait' -l nodes -x
complete -c kagentctl -n '__kagentctl_is wait' -l timeout -x
complete -c kagentctl -n '__kagentctl_is wait' -s q -l quiet
complete -c kagentctl -n '__kagentctl_is config' -a check
complete -c kagentctl -n '__kagentctl_is check' -F
complete -c kagentctl -n '__kagentctl_is reset' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is reset' -l plan
complete -c kagentctl -n '__kagentctl_is reset' -l timeout -x
complete -c kagentctl -n '__kagentctl_is reset' -l force
complete -c kagentctl -n '__kagentctl_is reset' -s y -l yes
complete -c kagentctl -n '__kagentctl_is remove' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is remove' -l plan
complete -c kagentctl -n '__kagentctl_is remove' -l timeout -x
complete -c kagentctl -n '__kagentctl_is remove' -l force
complete -c kagentctl -n '__kagentctl_is remove' -s y -l yes
complete -c kagentctl -n '__kagentctl_is reset' -l rejoin
complete -c kagentctl -n '__kagentctl_is retry' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is rejoin' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is approve' -l key -x
complete -c kagentctl -n '__kagentctl_is forget' -l key -x
complete -c kagentctl -n '__kagentctl_is token' -a 'create list revoke'
complete -c kagentctl -n '__kagentctl_is create' -l ttl -x
complete -c kagentctl -n '__kagentctl_is create' -l uses -x
complete -c kagentctl -n '__kagentctl_is create' -l role -x -a 'auto worker control-plane'
complete -c kagentctl -n '__kagentctl_is forget' -a '(__kagentctl_nodes)'
complete -c kagentctl -n '__kagentctl_is kubeconfig' -s o -l output -r
complete -c kagentctl -n '__kagentctl_is kubeconfig' -l lifetime -x
complete -c kagentctl -n '__kagentctl_is user-data' -l no-token
complete -c kagentctl -n '__kagentctl_is plan' -l json
complete -c kagentctl -n '__kagentctl_is prepare-image' -l plan
complete -c kagentctl -n '__kagentctl_is prepare-image' -l root -x -a '(__fish_complete_directories)'
