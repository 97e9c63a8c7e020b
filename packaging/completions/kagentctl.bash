# bash completion for kagentctl; node names come from the coordinator.

_kagentctl_nodes() {
  kagentctl "$@" status 2>/dev/null | awk 'NR > 1 && !/^  REASON:/ {print $1}'
}

_kagentctl() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local globals="--coordinator --cert --key --ca --help"
  local phases="enrolled preparing initializing waiting joining starting ready not-ready failed lost leaving reset"
  local steps="preflight hostname time swap modules sysctl packages runtime images kubelet balancer metadata init join kubeconfig cni ready"
  local command= connection=() positional=0 i
  COMPREPLY=()

  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      --coordinator | --cert | --key | --ca)
        connection+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}")
        ((i++))
        ;;
      -o | --output | -n | --lines | --for | --nodes | --timeout) ((i++)) ;;
      -*) ;;
      *) if [[ -z $command ]]; then command=${COMP_WORDS[i]}; else ((positional++)); fi ;;
    esac
  done

  case $before in
    --coordinator | --cert | --key | --ca)
      COMPREPLY=($(compgen -f -- "$word"))
      return
      ;;
    -o | --output)
      local formats="json yaml"
      [[ $command == status ]] && formats="wide json yaml"
      COMPREPLY=($(compgen -W "$formats" -- "$word"))
      return
      ;;
    --for)
      COMPREPLY=($(compgen -W "$phases" -- "$word"))
      return
      ;;
    -n | --lines | --nodes | --timeout) return ;;
  esac

  case $command in
    "") COMPREPLY=($(compgen -W "status describe logs wait retry reset remove rejoin approve forget token kubeconfig config certs timeline user-data plan explain version $globals" -- "$word")) ;;
    status) COMPREPLY=($(compgen -W "-w --watch -o --output $globals" -- "$word")) ;;
    describe | logs)
      if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "-o --output -n --lines $globals" -- "$word"))
      elif ((positional == 0)); then
        COMPREPLY=($(compgen -W "$(_kagentctl_nodes "${connection[@]}")" -- "$word"))
      elif ((positional == 1)) && [[ $command == logs ]]; then
        COMPREPLY=($(compgen -W "$steps" -- "$word"))
      fi
      ;;
    wait) COMPREPLY=($(compgen -W "--for --nodes --timeout -q --quiet $globals" -- "$word")) ;;
    config)
      if ((positional == 0)); then
        COMPREPLY=($(compgen -W "check" -- "$word"))
      else
        COMPREPLY=($(compgen -f -- "$word"))
      fi
      ;;
    retry)
      ((positional == 0)) && COMPREPLY=($(compgen -W "$(_kagentctl_nodes "${connection[@]}")" -- "$word"))
      ;;
    reset | remove | rejoin)
      if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "--plan --timeout --force --rejoin -y --yes $globals" -- "$word"))
      elif ((positional == 0)); then
        COMPREPLY=($(compgen -W "$(_kagentctl_nodes "${connection[@]}")" -- "$word"))
      fi
      ;;
    approve | forget)
      if [[ $word == -* ]]; then
        COMPREPLY=($(compgen -W "--key $globals" -- "$word"))
      elif [[ $command == forget ]] && ((positional == 0)); then
        COMPREPLY=($(compgen -W "$(_kagentctl_nodes "${connection[@]}")" -- "$word"))
      fi
      ;;
    token)
      if ((positional == 0)); then
        COMPREPLY=($(compgen -W "create list revoke $globals" -- "$word"))
      else
        COMPREPLY=($(compgen -W "--ttl --uses --role $globals" -- "$word"))
      fi
      ;;
    kubeconfig) COMPREPLY=($(compgen -W "--output --lifetime $globals" -- "$word")) ;;
    user-data) COMPREPLY=($(compgen -W "--no-token $globals" -- "$word")) ;;
    plan) COMPREPLY=($(compgen -W "--json $globals" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$globals" -- "$word")) ;;
  esac
}

complete -F _kagentctl kagentctl
