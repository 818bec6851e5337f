# What an engine does with the arguments that the README gives to `docker`. The image is the folder $IMAGE.
docker() {
    verb=$1
    shift
    case $verb in
    build)
        [ $# -eq 3 ]
        [ "$1" = --tag ]
        [ -f "$3/Dockerfile" ]
        tag=$2
        ;;
    run)
        PLUGIN_DIR=$IMAGE/plugins
        DATA_DIR=$IMAGE/data
        while [ $# -gt 1 ]; do
            case $1 in
            -e) export "$2" ;;
            -p) published=${2#*:} ;;
            -v)
                case $2 in
                portolan-data:/data) DATA_DIR=$PWD/volumes/portolan-data && mkdir -p "$DATA_DIR" ;;
                /*:/plugins) PLUGIN_DIR=${2%:*} ;;
                *) refuse "$@" ;;
                esac
                ;;
            --read-only)
                # Alone; all others have a value.
                set -- "$1" "$@"
                ;;
            *) refuse "$@" ;;
            esac
            shift 2
        done
        [ "$1" = "$tag" ]
        [ "$published" = "$PORT" ]
        export PLUGIN_DIR DATA_DIR
        exec "$IMAGE/usr/local/bin/portolan" serve
        ;;
    *) refuse "$verb" ;;
    esac
}

refuse() {
    echo "the docker of the tests does not know: $*"
    exit 1
}
