# bash completion for kagentctl; node names come from the coordinator.

_kagentctl_nodes() {
  kagentctl "$@" status 2>/dev/null | awk 'NR > 1 && !/^  REASON:/ {print $1}'
}

_kagentctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local globals="--coordinator --cert --key --ca --help"
  local commands="status describe logs wait retry reset remove rejoin approve forget token kubeconfig config certs timeline user-data plan prepare-image explain version"
  local phases="enrolled preparing initializing waiting joining starting ready not-ready failed lost leaving reset"
  local steps="preflight hostname hosts time swap modules sysctl packages runtime images kubelet balancer metadata init join kubeconfig cni ready"
  local command= subcommand= connection=() positional=0 options= words= i
  COMPREPLY=()

  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --coordinator | --cert | --key | --ca)
        connection+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
        ((i++))
        ;;
      -o | --output | -n | --lines | --for | --nodes | --timeout | --ttl | --uses | --role | --lifetime | --root) ((i++)) ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=${COMP_WORDS[i]}
        else
          ((positional++)) || subcommand=${COMP_WORDS[i]}
        fi
        ;;
    esac
  done

  case $command:$before in
    approve:--key | forget:--key) return ;;
    *:--coordinator | *:--cert | *:--key | *:--ca | kubeconfig:-o | kubeconfig:--output)
      COMPREPLY=($(compgen -f -- "$word"))
      return
      ;;
    *:--root)
      COMPREPLY=($(compgen -d -- "$word"))
      return
      ;;
    status:-o | status:--output) words="wide json yaml" ;;
    *:-o | *:--output) words="json yaml" ;;
    *:--for) words=$phases ;;
    *:--role) words="auto worker control-plane" ;;
    *:-n | *:--lines | *:--nodes | *:--timeout | *:--ttl | *:--uses | *:--lifetime) return ;;
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    return
  fi

  case $command:$subcommand in
    status:*) options="-w --watch -o --output" ;;
    describe:*) options="-o --output" ;;
    logs:*) options="-n --lines" ;;
    wait:*) options="--for --nodes --timeout -q --quiet" ;;
    reset:*) options="--plan --timeout --force --rejoin -y --yes" ;;
    remove:*) options="--plan --timeout --force -y --yes" ;;
    approve:* | forget:*) options="--key" ;;
    token:create) options="--ttl --uses --role" ;;
    kubeconfig:*) options="-o --output --lifetime" ;;
    user-data:*) options="--no-token" ;;
    plan:*) options="--json" ;;
    prepare-image:*) options="--plan --root" ;;
  esac
  words="$options $globals"
  if [[ $word != -* ]]; then
    case $command:$positional in
      :*) words="$commands $globals" ;;
      describe:0 | logs:0 | retry:0 | reset:0 | remove:0 | rejoin:0 | forget:0) words=$(_kagentctl_nodes "${connection[@]}") ;;
      logs:1) words=$steps ;;
      token:0) words="create list revoke" ;;
      config:0) words="check" ;;
      config:*)
        COMPREPLY=($(compgen -f -- "$word"))
        return
        ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}

complete -F _kagentctl kagentctl
